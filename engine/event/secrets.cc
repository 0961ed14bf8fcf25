#include "engine/event/secrets.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace tocsin::event {
namespace {

// One pass from left to right. At each byte: does a known shape begin here (tokens, JWTs, key blocks, credentials after
// "Bearer", passwords in URLs)? Does a ':' or '=' here follow the name of a secret? A recognised secret is replaced and
// skipped whole, so every byte is looked at a bounded number of times.

constexpr std::string_view kMask = "…";
constexpr size_t kTail = 4;
constexpr size_t kTailFrom = 20;   // a shorter secret shows nothing of itself: four of twenty are a fifth already
constexpr size_t kMaxName = 64;    // names of secrets are looked for at most this far back from their ':' or '='

constexpr uint8_t kAlnum = 1, kUnder = 2, kDash = 4, kDot = 8, kBase64 = 16;  // kBase64: + / =

constexpr std::array<uint8_t, 256> MakeClasses() {
  std::array<uint8_t, 256> classes{};
  for (int c = 0; c < 256; ++c) {
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) classes[c] = kAlnum;
  }
  classes['_'] = kUnder;
  classes['-'] = kDash;
  classes['.'] = kDot;
  classes['+'] = classes['/'] = classes['='] = kBase64;
  return classes;
}
constexpr std::array<uint8_t, 256> kClasses = MakeClasses();

constexpr bool In(char c, uint8_t classes) { return kClasses[static_cast<unsigned char>(c)] & classes; }
constexpr char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// A prefix that says "secret" by itself, and what may follow it. `least` is below the real length of such a token, and above
// that of words which happen to begin alike ("npm_config", "pypi-simple").
struct Shape {
  std::string_view prefix;
  uint8_t body;
  size_t least;
};
constexpr Shape kShapes[] = {
    {"ghp_", kAlnum | kUnder, 16},
    {"gho_", kAlnum | kUnder, 16},
    {"ghu_", kAlnum | kUnder, 16},
    {"ghs_", kAlnum | kUnder | kDash | kDot, 16},  // newer ones are JWTs
    {"ghr_", kAlnum | kUnder, 16},
    {"github_pat_", kAlnum | kUnder, 20},
    {"glpat-", kAlnum | kUnder | kDash | kDot, 16},
    {"gldt-", kAlnum | kUnder | kDash | kDot, 16},
    {"glrt-", kAlnum | kUnder | kDash | kDot, 16},
    {"glptt-", kAlnum | kUnder | kDash, 16},
    {"glcbt-", kAlnum | kUnder | kDash, 16},
    {"npm_", kAlnum, 30},
    {"pypi-", kAlnum | kUnder | kDash, 40},
    {"dckr_pat_", kAlnum | kUnder | kDash, 20},
    {"xoxa-", kAlnum | kDash, 10},
    {"xoxb-", kAlnum | kDash, 10},
    {"xoxe-", kAlnum | kDash, 10},
    {"xoxo-", kAlnum | kDash, 10},
    {"xoxp-", kAlnum | kDash, 10},
    {"xoxr-", kAlnum | kDash, 10},
    {"xoxs-", kAlnum | kDash, 10},
    {"sk_live_", kAlnum, 16},
    {"rk_live_", kAlnum, 16},
    {"sk-ant-", kAlnum | kUnder | kDash, 20},
    {"sk-proj-", kAlnum | kUnder | kDash, 20},
    {"AIza", kAlnum | kUnder | kDash, 35},
    {"hvs.", kAlnum | kUnder | kDash, 20},
    {"ya29.", kAlnum | kUnder | kDash, 20},
    // AWS session tokens: base64 of a structure that always begins alike.
    {"FwoGZXIvYXdz", kAlnum | kBase64, 80},
    {"FQoGZXIvYXdz", kAlnum | kBase64, 80},
    {"IQoJb3JpZ2lu", kAlnum | kBase64, 80},
};

constexpr std::array<bool, 256> MakeShapeStarts() {
  std::array<bool, 256> starts{};
  for (const Shape& shape : kShapes) starts[static_cast<unsigned char>(shape.prefix[0])] = true;
  return starts;
}
constexpr std::array<bool, 256> kShapeStarts = MakeShapeStarts();

// How sure a name makes us that its value is a secret.
enum class Name : uint8_t {
  kPlain,
  kWeak,      // token, secret: also ordinary words, so only a key of JSON or a name before '='
  kStrong,    // password, client_secret, aws_secret_access_key: also before ": " in text
  kHeader,    // Authorization, Cookie: also in arrays, as HTTP libraries keep headers
};

// Names are compared in lower case without '_', '-' and '.'.
constexpr std::string_view kHeaderNames[] = {
    "authorization", "proxyauthorization", "cookie", "setcookie", "xhubsignature", "xhubsignature256", "xapikey",
    "xamzsignature", "xamzsecuritytoken", "xgitlabtoken", "xvaulttoken", "privatetoken",
};
// What they end with.
constexpr std::string_view kStrongEndings[] = {
    "password", "passwd", "passphrase", "pwd", "apikey", "secretkey", "secretaccesskey", "privatekey", "clientsecret",
    "webhooksecret", "sharedsecret", "accountkey", "sharedaccesskey", "signingkey", "encryptionkey", "accesstoken",
    "refreshtoken", "sessiontoken", "securitytoken", "authtoken", "idtoken", "bearertoken", "githubtoken", "npmtoken",
};
constexpr std::string_view kWeakEndings[] = {"token", "secret"};
// Names of tokens, and tokens that open nothing: idempotency and page marks.
constexpr std::string_view kNotSecretEndings[] = {
    "hashedtoken", "nexttoken", "pagetoken", "continuationtoken", "paginationtoken", "clienttoken", "clientrequesttoken",
    "nextforwardtoken", "nextbackwardtoken", "synctoken", "starttoken",
};

Name ClassifyName(std::string_view name) {
  // `entity.token` and its like are our own field names: their values are canonical names.
  if (name.starts_with("entity.")) return Name::kPlain;
  if (name.size() > kMaxName) name.remove_prefix(name.size() - kMaxName);  // the ending decides
  std::array<char, kMaxName> buffer;
  size_t size = 0;
  for (char c : name) {
    if (In(c, kAlnum)) buffer[size++] = Lower(c);
  }
  const std::string_view plain(buffer.data(), size);
  const auto ends = [&](std::string_view ending) { return plain.ends_with(ending); };
  if (std::ranges::find(kHeaderNames, plain) != std::end(kHeaderNames)) return Name::kHeader;
  if (std::ranges::any_of(kNotSecretEndings, ends)) return Name::kPlain;
  if (std::ranges::any_of(kStrongEndings, ends)) return Name::kStrong;
  if (std::ranges::any_of(kWeakEndings, ends)) return Name::kWeak;
  return Name::kPlain;
}

bool IsNameChar(char c) { return In(c, kAlnum | kUnder | kDash | kDot); }

// How much of a value says only what kind of secret follows: a scheme, then a shape's prefix.
size_t KindSize(std::string_view value) {
  size_t size = 0;
  for (std::string_view scheme : {"Bearer ", "bearer ", "Basic ", "basic ", "token ", "sha1=", "sha256="}) {
    if (value.starts_with(scheme)) size = scheme.size();
  }
  value.remove_prefix(size);
  if (value.starts_with("eyJ")) return size + 3;
  for (const Shape& shape : kShapes) {
    if (value.starts_with(shape.prefix)) return size + shape.prefix.size();
  }
  return size;
}

// Nothing to hide: a literal, or what somebody masked already (we ourselves, or the cloud).
bool IsHarmless(std::string_view value) {
  if (value.empty() || value == "true" || value == "false" || value == "null" || value == "none" || value == "None" ||
      value == "HIDDEN_DUE_TO_SECURITY_REASONS" || value.find_first_not_of('*') == std::string_view::npos) {
    return true;
  }
  // <kind>…<tail>, so that masking twice is masking once.
  value.remove_prefix(KindSize(value));
  return value.starts_with(kMask) && (value.size() == kMask.size() || value.size() == kMask.size() + kTail);
}

class Masker {
 public:
  explicit Masker(std::string_view text) : text_(text) { out_.reserve(text.size()); }

  std::string Run() {
    while (at_ < text_.size()) {
      if (!Step()) out_.push_back(text_[at_++]);
    }
    return std::move(out_);
  }

 private:
  // Replaces what begins at at_, and says whether it did.
  bool Step() {
    const char c = text_[at_];
    if (kShapeStarts[static_cast<unsigned char>(c)] && TokenShape()) return true;
    switch (c) {
      case 'e':
        return JsonWebToken();
      case 'b':
      case 'B':
        return SchemeCredential("bearer") || SchemeCredential("basic");
      case '-':
        return KeyBlock() || OptionValue();
      case ':':
        return UrlPassword() || NamedValue();
      case '=':
        return NamedValue();
      default:
        return false;
    }
  }

  bool StartsAt(size_t at, std::string_view what) const { return text_.substr(at, what.size()) == what; }
  char CharAt(size_t at) const { return at < text_.size() ? text_[at] : '\0'; }
  size_t SkipBlanks(size_t at) const {
    while (at < text_.size() && (text_[at] == ' ' || text_[at] == '\t' || text_[at] == '\n' || text_[at] == '\r')) ++at;
    return at;
  }
  size_t RunEnd(size_t at, uint8_t classes) const {
    while (at < text_.size() && In(text_[at], classes)) ++at;
    return at;
  }

  void CopyTo(size_t end) {
    out_.append(text_, at_, end - at_);
    at_ = end;
  }

  void EmitTail(std::string_view secret) {
    out_ += kMask;
    if (secret.size() < kTailFrom) return;
    const std::string_view tail = secret.substr(secret.size() - kTail);
    // Half an escape or half a UTF-8 sequence would break what it stands in.
    if (std::ranges::all_of(tail, [](char c) { return In(c, kAlnum | kUnder | kDash | kDot | kBase64); })) out_ += tail;
  }

  // Hides [begin, end) of the text, keeping a kind that the value itself begins with. at_ moves to end.
  void EmitSecret(size_t begin, size_t end) {
    CopyTo(begin);
    const std::string_view secret = text_.substr(begin, end - begin);
    const size_t kind = IsHarmless(secret) ? secret.size() : KindSize(secret);
    out_ += secret.substr(0, kind);
    if (kind < secret.size()) EmitTail(secret.substr(kind));
    at_ = end;
  }

  bool TokenShape() {
    for (const Shape& shape : kShapes) {
      if (!StartsAt(at_, shape.prefix)) continue;
      const size_t body = at_ + shape.prefix.size();
      size_t end = RunEnd(body, shape.body);
      while (end > body && (text_[end - 1] == '.' || text_[end - 1] == '-')) --end;  // the sentence's, not the token's
      if (end - body < shape.least) continue;
      out_ += shape.prefix;
      EmitTail(text_.substr(body, end - body));
      at_ = end;
      return true;
    }
    return false;
  }

  bool JsonWebToken() {
    constexpr uint8_t kPart = kAlnum | kUnder | kDash;
    // A run without a second part is looked at once, not once for each "eyJ" in it.
    if (at_ < no_jwt_before_ || !StartsAt(at_, "eyJ")) return false;
    size_t end = RunEnd(at_, kPart);
    if (!StartsAt(end, ".eyJ")) {
      no_jwt_before_ = end;
      return false;
    }
    end = RunEnd(end + 1, kPart);
    if (CharAt(end) == '.') end = RunEnd(end + 1, kPart);
    out_ += "eyJ";
    EmitTail(text_.substr(at_ + 3, end - at_ - 3));
    at_ = end;
    return true;
  }

  // -----BEGIN RSA PRIVATE KEY----- ... -----END RSA PRIVATE KEY-----; a block without an end runs to the end of the text.
  bool KeyBlock() {
    constexpr std::string_view kBegin = "-----BEGIN ", kKey = "PRIVATE KEY", kEnd = "-----END ", kDashes = "-----";
    if (!StartsAt(at_, kBegin)) return false;
    size_t label_end = at_ + kBegin.size();
    while (label_end < text_.size() && label_end - at_ < kMaxName && (IsUpper(text_[label_end]) || text_[label_end] == ' ')) {
      ++label_end;
    }
    const std::string_view label = text_.substr(at_ + kBegin.size(), label_end - at_ - kBegin.size());
    if (label.find(kKey) == std::string_view::npos || !StartsAt(label_end, kDashes)) return false;
    CopyTo(label_end + kDashes.size());
    out_ += kMask;
    const size_t end = text_.find(kEnd, at_);
    at_ = end == std::string_view::npos ? text_.size() : end;
    if (at_ == text_.size()) return true;
    CopyTo(at_ + kEnd.size());  // its dashes must not begin a block again
    return true;
  }

  // A word boundary before at_; "\n" and "\t" written as escapes count as blanks.
  bool AtWordStart() const {
    return at_ == 0 || !In(text_[at_ - 1], kAlnum) || (at_ > 1 && text_[at_ - 2] == '\\');
  }

  // "Bearer <credential>" anywhere. Prose ("basic authentication") has neither digit nor mixed case.
  bool SchemeCredential(std::string_view scheme) {
    if (text_.size() - at_ <= scheme.size() || text_[at_ + scheme.size()] != ' ' || !AtWordStart()) return false;
    for (size_t i = 0; i < scheme.size(); ++i) {
      if (Lower(text_[at_ + i]) != scheme[i]) return false;
    }
    size_t begin = at_ + scheme.size();
    while (CharAt(begin) == ' ') ++begin;
    size_t end = begin;
    while (end < text_.size() && (In(text_[end], kAlnum | kUnder | kDash | kDot | kBase64) || text_[end] == '~')) ++end;
    const std::string_view credential = text_.substr(begin, end - begin);
    if (credential.size() < 8 || credential.starts_with(kMask)) return false;
    const bool odd = std::ranges::any_of(credential, [](char c) { return IsDigit(c) || In(c, kBase64 | kUnder); }) ||
                     std::ranges::any_of(credential.substr(1), IsUpper);
    if (!odd && credential.size() < kTailFrom) return false;
    EmitSecret(begin, end);
    return true;
  }

  // scheme://user:password@host
  bool UrlPassword() {
    if (!StartsAt(at_, "://")) return false;
    size_t colon = std::string_view::npos, host = std::string_view::npos;
    for (size_t i = at_ + 3; i < text_.size(); ++i) {
      const char c = text_[i];
      if (c == ':' && colon == std::string_view::npos) colon = i;
      if (c == '@') host = i;
      if (c == '/' || c == '?' || c == '#' || c == '"' || c == '\'' || c == '<' || c == '>' || c == '\\' ||
          static_cast<unsigned char>(c) <= ' ') {
        break;
      }
    }
    if (host == std::string_view::npos || colon == std::string_view::npos || colon + 1 >= host) return false;
    if (IsHarmless(text_.substr(colon + 1, host - colon - 1))) return false;
    EmitSecret(colon + 1, host);
    return true;
  }

  // --password VALUE. (--password=VALUE is a NamedValue.)
  bool OptionValue() {
    if (!StartsAt(at_, "--") || (at_ > 0 && IsNameChar(text_[at_ - 1]))) return false;
    size_t end = at_ + 2;
    while (end < text_.size() && IsNameChar(text_[end]) && end - at_ <= kMaxName) ++end;
    if (CharAt(end) != ' ' || ClassifyName(text_.substr(at_ + 2, end - at_ - 2)) == Name::kPlain) return false;
    const size_t begin = SkipBlanks(end);
    if (CharAt(begin) == '-') return false;
    return MaskValue(begin, /*whole_line=*/false);
  }

  // The name that ends before the ':' or '=' at at_: "name", \"name\", 'name' or bare.
  struct Before {
    std::string_view name;
    bool quoted = false;
    size_t begin = 0;  // of the name
  };
  Before NameBefore(size_t separator) const {
    size_t i = separator;
    const size_t limit = separator > kMaxName + 8 ? separator - kMaxName - 8 : 0;
    while (i > limit && (text_[i - 1] == ' ' || text_[i - 1] == '\t')) --i;
    Before before;
    if (i > limit && (text_[i - 1] == '"' || text_[i - 1] == '\'')) {
      before.quoted = true;
      --i;
      while (i > limit && text_[i - 1] == '\\') --i;
    }
    const size_t end = i;
    while (i > limit && IsNameChar(text_[i - 1])) --i;
    before.begin = i;
    before.name = text_.substr(i, end - i);
    // JSON in JSON writes a line break as \n before a bare name; the 'n' is not the name's.
    if (!before.quoted && i > 0 && text_[i - 1] == '\\' && !before.name.empty()) before.name.remove_prefix(1);
    return before;
  }

  // {"name": "DB_PASSWORD", "value": "..."}: container environments keep names beside their values.
  Name NameBesideValue(const Before& value_key) const {
    size_t i = value_key.begin;
    const auto skip_back = [&](std::string_view chars) {
      for (size_t n = 0; i > 0 && n < 8 && chars.find(text_[i - 1]) != std::string_view::npos; ++n) --i;
    };
    skip_back("\"\\");
    skip_back(" \t\r\n");
    if (i == 0 || text_[i - 1] != ',') return Name::kPlain;
    --i;
    skip_back(" \t\r\n");
    if (i == 0 || text_[i - 1] != '"') return Name::kPlain;
    skip_back("\"\\");
    const size_t end = i;
    while (i > 0 && end - i < kMaxName && IsNameChar(text_[i - 1])) --i;
    const std::string_view name = text_.substr(i, end - i);
    skip_back("\"\\");
    skip_back(" \t\r\n");
    if (i == 0 || text_[i - 1] != ':') return Name::kPlain;
    const Before key = NameBefore(i - 1);
    if (!key.quoted || (key.name != "name" && key.name != "key" && key.name != "Name" && key.name != "Key")) return Name::kPlain;
    return ClassifyName(name);
  }

  bool NamedValue() {
    const Before before = NameBefore(at_);
    if (before.name.empty()) return false;
    Name kind = ClassifyName(before.name);
    if (kind == Name::kPlain && before.quoted && (before.name == "value" || before.name == "Value")) {
      kind = NameBesideValue(before);
    }
    if (kind == Name::kPlain) return false;
    const bool colon = text_[at_] == ':';
    if (colon && !before.quoted && kind == Name::kWeak) return false;  // "token: ..." is prose or our own list
    const size_t begin = SkipBlanks(at_ + 1);
    if (CharAt(begin) == '[' && kind == Name::kHeader) return MaskArray(begin + 1);
    return MaskValue(begin, kind == Name::kHeader && !before.quoted && colon);
  }

  // ["Bearer ...", "..."]
  bool MaskArray(size_t at) {
    bool masked = false;
    while (true) {
      at = SkipBlanks(at);
      const char c = CharAt(at);
      if ((c != '"' && c != '\\') || !MaskQuoted(at)) return masked;
      masked = true;
      at = at_;
      while (CharAt(at) == '\\') ++at;
      at = SkipBlanks(at + 1);  // behind the closing quote
      if (CharAt(at) != ',') return masked;
      ++at;
    }
  }

  bool MaskValue(size_t begin, bool whole_line) {
    const char c = CharAt(begin);
    if (c == '"' || c == '\'' || c == '\\') return MaskQuoted(begin);
    if (c == '{' || c == '[' || begin >= text_.size()) return false;
    constexpr std::string_view kEnds = "&,;\"'<>(){}[]|\\`";
    size_t end = begin;
    while (end < text_.size() && static_cast<unsigned char>(text_[end]) > ' ' && kEnds.find(text_[end]) == std::string_view::npos) {
      ++end;
    }
    if (whole_line) {  // headers in text: a scheme, several cookies
      end = begin;
      while (end < text_.size() && text_[end] != '\n' && text_[end] != '\r' && text_[end] != '"' && text_[end] != '\\' &&
             text_[end] != '\'') {
        ++end;
      }
    }
    if (IsHarmless(text_.substr(begin, end - begin))) return false;
    EmitSecret(begin, end);
    return true;
  }

  // A string that begins with a quote behind any number of backslashes (JSON in JSON). At nesting n a quote stands behind
  // 2^n - 1 backslashes, and one that belongs to the string behind more: the string ends where the number is right.
  bool MaskQuoted(size_t at) {
    size_t open = at;
    while (CharAt(open) == '\\') ++open;
    const size_t depth = open - at;
    const char quote = CharAt(open);
    if (quote != '"' && quote != '\'') return false;
    const size_t begin = open + 1;
    size_t end = begin, backslashes = 0;
    for (; end < text_.size(); ++end) {
      if (text_[end] == '\\') {
        ++backslashes;
        continue;
      }
      if (text_[end] == quote && backslashes % (2 * (depth + 1)) == depth) break;
      backslashes = 0;
    }
    const size_t value_end = end < text_.size() ? end - depth : end;
    const std::string_view value = text_.substr(begin, value_end - begin);
    if (IsHarmless(value)) {
      CopyTo(value_end);
    } else {
      EmitSecret(begin, value_end);
    }
    return true;
  }

  std::string_view text_;
  std::string out_;
  size_t at_ = 0;
  size_t no_jwt_before_ = 0;
};

}  // namespace

std::string MaskSecrets(std::string_view text) { return Masker(text).Run(); }

}  // namespace tocsin::event
