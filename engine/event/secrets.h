// Known secret shapes, masked in every rendering (DESIGN section 6). Raw evidence keeps the bytes; whatever is shown to a
// person or leaves the machine passes through MaskSecrets.
#ifndef TOCSIN_ENGINE_EVENT_SECRETS_H_
#define TOCSIN_ENGINE_EVENT_SECRETS_H_

#include <string>
#include <string_view>

namespace tocsin::event {

// GitHub (ghp_, gho_, ghu_, ghs_, ghr_, github_pat_), GitLab glpat-, AWS secret access keys beside their name and session
// tokens, Slack xox?-, npm_, PyPI pypi-, JWTs (eyJ..eyJ..), private key blocks, Bearer/Basic credentials, X-Hub-Signature
// values, passwords in URLs, and values of JSON keys named password, secret, token, api_key, client_secret and the like.
// A masked secret keeps its kind and its last four characters when it is long enough: "ghp_…9f2c". Access key *ids*
// (AKIA, ASIA) and token hashes are names, not secrets, and stay. Linear in the text; masking twice is masking once.
//
// Give it single values or the source's own text. Whoever writes JSON masks each value before writing it: a key of ours such
// as "token" or "secret" names an entity kind, and its value would be taken for a secret.
std::string MaskSecrets(std::string_view text);

}  // namespace tocsin::event

#endif  // TOCSIN_ENGINE_EVENT_SECRETS_H_
