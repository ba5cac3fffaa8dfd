// Where the credentials, region and endpoint for s3:// addresses come from: what the AWS command line reads, in its
// order. Nothing of it is ever written to a file, a message or a command line by ftok.
//
//   1. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
//   2. the profile AWS_PROFILE (else "default") of AWS_SHARED_CREDENTIALS_FILE (else ~/.aws/credentials) and
//   AWS_CONFIG_FILE
//      (else ~/.aws/config)
//   3. the container's (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI, with
//   AWS_CONTAINER_AUTHORIZATION_TOKEN[_FILE])
//   4. the instance's metadata service, version 2, unless AWS_EC2_METADATA_DISABLED is true
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "crawl/s3/signer.h"

namespace ftok {

// The sections of an AWS settings file: section name -> key -> value. Lines that are neither are passed over, as the
// AWS command line does; "[profile x]" is section "x".
using S3Profiles = std::map<std::string, std::map<std::string, std::string>>;
S3Profiles parse_s3_profiles(std::string_view text);

// What the metadata services answer: {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}. Nothing when it is
// something else.
struct ExpiringCredentials {
  S3Credentials credentials;
  std::chrono::system_clock::time_point expires = std::chrono::system_clock::time_point::max();
};
std::optional<ExpiringCredentials> parse_s3_metadata_credentials(std::string_view json);

// Thread-safe.
class S3Settings {
 public:
  S3Settings();

  // Fetched again when those of a metadata service are about to expire, and after forget(); where the service does not
  // answer then, they are kept until they have expired. Empty when there are none.
  S3Credentials credentials();
  // The server called these out of date.
  void forget(const S3Credentials& credentials);

  const std::string& region() const {
    return region_;
  }  // AWS_REGION, AWS_DEFAULT_REGION, the profile's; else us-east-1
  const std::string& endpoint() const {
    return endpoint_;
  }  // AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the profile's; else ""

 private:
  std::optional<ExpiringCredentials> find() const;

  std::map<std::string, std::string> profile_;
  std::string region_, endpoint_;
  std::mutex mutex_;
  std::optional<ExpiringCredentials> found_;
};

}  // namespace ftok
