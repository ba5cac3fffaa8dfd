// AWS Signature Version 4 for Amazon S3 and what speaks its language ("Authenticating Requests: Using the Authorization
// Header", Amazon S3 API Reference): every header given and every query parameter is signed, and the digest of the
// body.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ftok {

struct S3Credentials {
  std::string access_key, secret_key;
  std::string session_token;  // of temporary credentials; else empty

  bool empty() const { return access_key.empty(); }
};

// A request before it is signed.
struct S3Request {
  std::string method = "GET";
  std::string host;                                          // "bucket.s3.eu-west-1.amazonaws.com", "127.0.0.1:9000"
  std::string path = "/";                                    // as it is, not percent-encoded: "/bucket/a key"
  std::vector<std::pair<std::string, std::string>> query;    // as they are; an empty value stands for none ("?uploads")
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case, values without line breaks
  std::string body_sha256;                                   // 64 lower-case hexadecimal digits
};

// The SHA-256 of no bytes: body_sha256 of a request without a body.
inline constexpr std::string_view kNoBodySha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

// The headers to send with `request`, "Name: value" each: its own, the date, the body's digest, the session token and
// the signature. Host is signed and not among them, for libcurl sends it. Pure.
std::vector<std::string> sign_s3_request(const S3Request& request, const S3Credentials& credentials,
                                         const std::string& region, std::chrono::system_clock::time_point now);

// "PATH" or "PATH?QUERY" as it stands in the URL and under the signature: percent-encoded, the query sorted.
std::string s3_target(const S3Request& request);

// Everything but A-Z a-z 0-9 - . _ ~ as %XX, and '/' when it is not `keep_slash` (RFC 3986, section 2.3).
std::string percent_encoded(std::string_view text, bool keep_slash);

}  // namespace ftok
