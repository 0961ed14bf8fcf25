#include "engine/event/secrets.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

namespace tocsin::event {
namespace {

// Bodies are put together here so that no line of this file looks like a live credential.
const std::string kBody36 = "0123456789abcdefghijABCDEFGHIJ012345";
const std::string kBody40 = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

struct Case {
  std::string text, masked;
};

TEST(MaskSecrets, Shapes) {
  const std::string b64(120, 'Q');
  const Case cases[] = {
      {"token ghp_" + kBody36 + " used", "token ghp_…2345 used"},
      {"gho_" + kBody36, "gho_…2345"},
      {"ghu_" + kBody36, "ghu_…2345"},
      {"ghs_" + kBody36 + ".", "ghs_…2345."},
      {"ghr_" + kBody36, "ghr_…2345"},
      {"ghp_0123456789abcdef", "ghp_…"},  // too short to show four
      {"github_pat_11AAAAAAA0" + kBody36 + "_" + kBody36, "github_pat_…2345"},
      {"glpat-" + kBody36, "glpat-…2345"},
      {"npm_" + kBody36, "npm_…2345"},
      {"pypi-AgEIcHlwaS5vcmc" + kBody36, "pypi-…2345"},
      {std::string("xoxb-") + "12345678901-12345678901-abcdefghijkl", "xoxb-…ijkl"},
      {std::string("sk-ant-") + "api03-" + kBody36, "sk-ant-…2345"},
      {"hvs." + kBody36, "hvs.…2345"},
      {"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJlLW9mLWl0", "eyJ…LWl0"},
      {"x eyJhbGciOiJub25lIn0.eyJzdWIiOiIxMjM0NTY3ODkwIn0. y", "x eyJ…In0. y"},
      {"FwoGZXIvYXdz" + b64 + " next", "FwoGZXIvYXdz…QQQQ next"},
      {"-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY----- after",
       "-----BEGIN RSA PRIVATE KEY-----…-----END RSA PRIVATE KEY----- after"},
      {R"({"k":"-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n"})",
       R"({"k":"-----BEGIN PRIVATE KEY-----…-----END PRIVATE KEY-----\n"})"},
      {"-----BEGIN OPENSSH PRIVATE KEY-----\nnever ends", "-----BEGIN OPENSSH PRIVATE KEY-----…"},
      {"curl -H 'Authorization: Bearer abcdef0123456789abcdef'", "curl -H 'Authorization: Bearer …cdef'"},
      {"bearer abcdef01", "bearer …"},
      {"Basic dXNlcjpwYXNzd29yZA==", "Basic …ZA=="},
      {R"(line\nBearer abcdef0123456789abcdef)", R"(line\nBearer …cdef)"},
      {"https://user:hunter2@example.com/a:b@c", "https://user:…@example.com/a:b@c"},
      {"https://x-access-token:ghp_" + kBody36 + "@github.com/o/r", "https://x-access-token:ghp_…2345@github.com/o/r"},
      {"postgres://u:p@ss@db:5432/x", "postgres://u:…@db:5432/x"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(MaskSecrets(c.text), c.masked) << c.text;
  }
}

TEST(MaskSecrets, NamedValues) {
  const Case cases[] = {
      {R"({"password":"hunter2"})", R"({"password":"…"})"},
      {R"({"password" : "hunter2", "user":"bob"})", R"({"password" : "…", "user":"bob"})"},
      {R"({"masterUserPassword":"correct horse battery staple"})", R"({"masterUserPassword":"…aple"})"},
      {R"({"token":"abcdefghijklmnopqrstuvwxyz"})", R"({"token":"…wxyz"})"},
      {"{\"token\":\"ghp_" + kBody36 + "\"}", R"({"token":"ghp_…2345"})"},
      {R"({"client_secret":"s3cr3t"})", R"({"client_secret":"…"})"},
      {R"({"clientSecret":"s3cr3t"})", R"({"clientSecret":"…"})"},
      {R"({"api_key":"s3cr3t","x-api-key":"k"})", R"({"api_key":"…","x-api-key":"…"})"},
      {"{\"secretAccessKey\":\"" + kBody40 + "\"}", R"({"secretAccessKey":"…EKEY"})"},
      {"aws_secret_access_key = " + kBody40, "aws_secret_access_key = …EKEY"},
      {"AWS_SECRET_ACCESS_KEY=" + kBody40 + " aws s3 ls", "AWS_SECRET_ACCESS_KEY=…EKEY aws s3 ls"},
      {"{\"accessKeyId\":\"AKIAIOSFODNN7EXAMPLE\",\"sessionToken\":\"" + kBody40 + "\"}",
       R"({"accessKeyId":"AKIAIOSFODNN7EXAMPLE","sessionToken":"…EKEY"})"},
      {"?X-Amz-Credential=AKIAIOSFODNN7EXAMPLE&X-Amz-Signature=0123456789abcdef0123456789abcdef&x=1",
       "?X-Amz-Credential=AKIAIOSFODNN7EXAMPLE&X-Amz-Signature=…cdef&x=1"},
      {R"({"X-Hub-Signature-256":"sha256=0123456789abcdef0123456789abcdef"})", R"({"X-Hub-Signature-256":"sha256=…cdef"})"},
      {"X-Hub-Signature: sha1=0123456789abcdef0123456789abcdef01234567\nnext",
       "X-Hub-Signature: sha1=…4567\nnext"},
      {R"({"Authorization":["Bearer abc.def.ghi-0123456789"],"Accept":["*/*"]})",
       R"({"Authorization":["Bearer …6789"],"Accept":["*/*"]})"},
      {R"({"Cookie":["a=b","c=d; e=ffffffffffffffffffff"]})", R"({"Cookie":["…","…ffff"]})"},
      {"Cookie: a=b; c=d\r\nHost: x", "Cookie: …\r\nHost: x"},
      {"authorization: token 0123456789abcdef0123456789", "authorization: token …6789"},
      // JSON in JSON, twice
      {R"({"m":"{\"password\":\"hun\\\"ter2\",\"a\":1}"})", R"({"m":"{\"password\":\"…\",\"a\":1}"})"},
      {R"({"m":"{\"m\":\"{\\\"password\\\":\\\"hunter2\\\"}\"}"})", R"({"m":"{\"m\":\"{\\\"password\\\":\\\"…\\\"}\"}"})"},
      {R"({"password":"a\"b\\","x":"y"})", R"({"password":"…","x":"y"})"},
      {R"({"password":"hunter2…"})", R"({"password":"…"})"},
      {R"({"password":"hunter2…abcd"})", R"({"password":"…"})"},
      {R"({"password":"never closed)", R"({"password":"…)"},
      {R"({"name":"DB_PASSWORD","value":"hunter2"})", R"({"name":"DB_PASSWORD","value":"…"})"},
      {R"({"name": "AWS_SECRET_ACCESS_KEY", "value": "hunter2"})", R"({"name": "AWS_SECRET_ACCESS_KEY", "value": "…"})"},
      {R"({"name":"PATH","value":"/bin"})", R"({"name":"PATH","value":"/bin"})"},
      {"{'password': 'it'}", "{'password': '…'}"},
      {"mysql --password hunter2 -h db", "mysql --password … -h db"},
      {"mysql --password=hunter2 -h db", "mysql --password=… -h db"},
      {"tool --token abcdefghijklmnopqrstuvwxyz", "tool --token …wxyz"},
      {"url?token=abc123&x=1", "url?token=…&x=1"},
      {"password: hunter2, user: bob", "password: …, user: bob"},
      {R"("log":"a\nDB_PASSWORD=hunter2\nb")", R"("log":"a\nDB_PASSWORD=…\nb")"},
  };
  for (const Case& c : cases) EXPECT_EQ(MaskSecrets(c.text), c.masked) << c.text;
}

TEST(MaskSecrets, NamesStay) {
  const std::string texts[] = {
      "",
      "no secret here",
      "AKIAIOSFODNN7EXAMPLE ASIAIOSFODNN7EXAMPLE AROAIOSFODNN7EXAMPLE",
      R"({"accessKeyId":"ASIAIOSFODNN7EXAMPLE"})",
      R"({"hashed_token":"jm3Ddtwyc3zZkE09T0VjC1UH0DBbbXUcPHr0NMKXXXX=","token_id":123456789})",
      R"({"token_id":"123456789","token_scopes":"repo,workflow","secretId":"prod/db","secret_type":"github_pat"})",
      R"({"secrets_passed":["NPM_TOKEN","AWS_SECRET_ACCESS_KEY"],"environment_name":"prod"})",
      R"({"nextToken":"abcdefghijklmnopqrstuvwxyz0123456789","clientToken":"11111111-2222"})",
      R"({"entity.token":"jm3Ddtwyc3zZkE09T0VjC1UH0DBbbXUcPHr0NMKXXXX=","entity.secret":"ns/name"})",
      R"({"eventName":"GetSessionToken","eventSource":"secretsmanager.amazonaws.com"})",
      "arn:aws:secretsmanager:us-east-1:111122223333:secret:prod/db-AbCdEf",
      R"({"masterUserPassword":"HIDDEN_DUE_TO_SECURITY_REASONS","password":"****"})",
      R"({"password":null,"secret":{"secretName":"tls"},"token":"","hasPassword":"true"})",
      R"({"volumes":[{"name":"token","secret":{"secretName":"ci-token"}}]})",
      "personal_access_token.access_granted public_key.create repo.create_actions_secret",
      "token: jm3Ddtwyc3zZkE09T0VjC1UH0DBbbXUcPHr0NMKXXXX=",
      "basic authentication and bearer instruments",
      "npm_config_registry pypi-simple ghp_ glpat- xoxb- eyJhbGciOiJub25lIn0",
      "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----",
      "-----BEGIN PUBLIC KEY-----\nMIIC\n-----END PUBLIC KEY-----",
      "https://example.com:8443/a@b http://user@host/ ssh://git@github.com:22/o/r",
      "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
      "Hashes: SHA256=0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF",
      "a == b; x := y; --token",
  };
  for (const std::string& text : texts) EXPECT_EQ(MaskSecrets(text), text);
}

TEST(MaskSecrets, TwiceIsOnce) {
  std::mt19937 random(11);
  const std::string parts[] = {"ghp_" + kBody36, "\"password\":\"", "\"", "\\\"", "Bearer ", "abcdef0123456789abcdef", "token=", " ",
                               "https://u:p@h/", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIx", "-----BEGIN PRIVATE KEY-----",
                               "-----END PRIVATE KEY-----", "…", "Cookie: ", "\n", "[\"", "\",", "--secret ", "=", ":", "\xff", "{"};
  for (int i = 0; i < 100'000; ++i) {
    std::string text;
    for (int n = random() % 12; n >= 0; --n) text += parts[random() % std::size(parts)];
    const std::string once = MaskSecrets(text);
    // A token that stands free never survives.
    ASSERT_EQ(once.find("ghp_" + kBody36), std::string::npos) << text;
    ASSERT_EQ(MaskSecrets(once), once) << text;
  }
}

// Quadratic behaviour would take hours here; ctest's own limit is the judge, not a clock.
TEST(MaskSecrets, LinearOnHostileText) {
  for (std::string_view unit : {"eyJ", "eyJa.", "://", "http://a:", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----", "\"token\":\"",
                                "=", ":", "Bearer ", "ghp_", "\\", "\\\"password\\\":", "a=", "password", "--password ",
                                "\"name\":\"password\",\"value\":", "\"Cookie\":[\"\",", "--"}) {
    std::string text;
    while (text.size() < (4u << 20)) text += unit;
    EXPECT_LE(MaskSecrets(text).size(), 2 * text.size()) << unit;
  }
}

}  // namespace
}  // namespace tocsin::event
