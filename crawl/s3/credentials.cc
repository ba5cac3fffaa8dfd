#include "crawl/s3/credentials.h"

#include <simdjson.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "core/ascii.h"
#include "core/error.h"
#include "core/file.h"
#include "core/text_file.h"
#include "crawl/transfer/http_transfer.h"

namespace ftok {
namespace {

constexpr uint64_t kSettingsBytesMax = 1 << 20;
constexpr auto kRenewBefore = std::chrono::minutes(5);

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The settings file that `variable` names, else ~/.aws/NAME; nothing when there is none.
S3Profiles read_profiles(const char* variable, const char* name) {
  std::string path = environment(variable);
  if (path.empty()) {
    const std::string home = environment("HOME");
    if (home.empty()) return {};
    path = home + "/.aws/" + name;
  }
  std::error_code code;
  if (!std::filesystem::is_regular_file(path, code)) return {};
  return parse_s3_profiles(read_file(path, kSettingsBytesMax));
}

std::string value_of(const std::map<std::string, std::string>& map, const std::string& key) {
  const auto found = map.find(key);
  return found == map.end() ? "" : found->second;
}

S3Credentials of_profile(const std::map<std::string, std::string>& profile) {
  return {value_of(profile, "aws_access_key_id"), value_of(profile, "aws_secret_access_key"),
          value_of(profile, "aws_session_token")};
}

// "2013-05-24T00:00:00Z"; the end of time when it is not such a text.
std::chrono::system_clock::time_point parse_expiration(std::string_view text) {
  std::tm utc{};
  const std::string copy(text.substr(0, 19));
  if (::strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &utc) == nullptr)
    return std::chrono::system_clock::time_point::max();
  return std::chrono::system_clock::from_time_t(::timegm(&utc));
}

class AnswerSink : public HttpSink {
 public:
  bool begin(const TransferHead&) override { return true; }
  Answer accept(std::string_view bytes, double*) override {
    if (text.size() + bytes.size() > kSettingsBytesMax) return Answer::kStop;
    text += bytes;
    return Answer::kTaken;
  }
  std::string text;
};

// What a metadata service answers; nothing when there is none. One try: where there is one it is next door.
std::optional<std::string> ask(const std::string& method, const std::string& url, const std::string& header) {
  HttpRequest request;
  request.url = url;
  request.method = method;
  if (!header.empty()) request.headers.push_back(header);
  request.direct = true;
  request.redirects_max = 0;
  request.connect_timeout_s = 1;
  request.low_speed_bytes_per_s = 1;
  request.low_speed_s = 5;
  AnswerSink sink;
  const HttpReply reply = HttpTransfer().run(request, sink, {});
  if (!reply.complete || reply.head.status != 200) return std::nullopt;
  return std::move(sink.text);
}

// Credentials come from the machine itself, from the container agents' addresses, or over TLS.
bool is_trusted(const std::string& url) {
  if (url.starts_with("https://")) return true;
  const std::string authority = authority_of_url(url);
  for (const std::string_view host :
       {"localhost:", "127.0.0.1:", "[::1]:", "169.254.170.2:", "169.254.170.23:", "[fd00:ec2::23]:"}) {
    if (authority.starts_with(host)) return true;
  }
  return false;
}

std::optional<ExpiringCredentials> of_container() {
  std::string url = environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (const std::string path = environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); !path.empty()) {
    url = "http://169.254.170.2" + path;
  }
  if (url.empty()) return std::nullopt;
  if (!is_trusted(url)) {
    throw UsageError("AWS_CONTAINER_CREDENTIALS_FULL_URI: expected an https URL or one of this machine, got '" + url +
                     "'");
  }
  std::string token = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  if (const std::string path = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); !path.empty()) {
    token = trim(read_file(path, kSettingsBytesMax));
  }
  const auto answer = ask("GET", url, token.empty() ? "" : "Authorization: " + token);
  return answer ? parse_s3_metadata_credentials(*answer) : std::nullopt;
}

std::optional<ExpiringCredentials> of_instance() {
  if (environment("AWS_EC2_METADATA_DISABLED") == "true") return std::nullopt;
  std::string service = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (service.empty()) service = "http://169.254.169.254";
  while (service.ends_with('/')) service.pop_back();
  const auto token = ask("PUT", service + "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds: 21600");
  if (!token) return std::nullopt;
  const std::string header = "X-aws-ec2-metadata-token: " + *token;
  const std::string roles = service + "/latest/meta-data/iam/security-credentials/";
  const auto role = ask("GET", roles, header);
  if (!role || role->empty()) return std::nullopt;
  const auto answer =
      ask("GET", roles + std::string(trim(std::string_view(*role).substr(0, role->find('\n')))), header);
  return answer ? parse_s3_metadata_credentials(*answer) : std::nullopt;
}

}  // namespace

S3Profiles parse_s3_profiles(std::string_view text) {
  S3Profiles profiles;
  std::istringstream lines{std::string(without_byte_order_mark(text))};
  std::map<std::string, std::string>* section = nullptr;
  for (std::string line; std::getline(lines, line);) {
    const bool indented = line.starts_with(' ') || line.starts_with('\t');  // a setting of a nested block
    const std::string_view content = trim(line);
    if (content.empty() || content.front() == '#' || content.front() == ';') continue;
    if (content.front() == '[' && content.back() == ']') {
      std::string_view name = trim(content.substr(1, content.size() - 2));
      if (name.starts_with("profile ")) name = trim(name.substr(8));
      section = &profiles[std::string(name)];
      continue;
    }
    const size_t equals = content.find('=');
    if (section == nullptr || equals == std::string_view::npos || indented) continue;
    (*section)[std::string(trim(content.substr(0, equals)))] = trim(content.substr(equals + 1));
  }
  return profiles;
}

std::optional<ExpiringCredentials> parse_s3_metadata_credentials(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(json.data(), json.size()).get(object) != simdjson::SUCCESS) return std::nullopt;
  ExpiringCredentials result;
  std::string_view access, secret, token, expires;
  if (object["AccessKeyId"].get(access) != simdjson::SUCCESS ||
      object["SecretAccessKey"].get(secret) != simdjson::SUCCESS || access.empty()) {
    return std::nullopt;
  }
  if (object["Token"].get(token) != simdjson::SUCCESS) token = {};
  if (object["Expiration"].get(expires) == simdjson::SUCCESS) result.expires = parse_expiration(expires);
  result.credentials = {std::string(access), std::string(secret), std::string(token)};
  return result;
}

S3Settings::S3Settings() {
  std::string name = environment("AWS_PROFILE");
  if (name.empty()) name = "default";
  profile_ = read_profiles("AWS_CONFIG_FILE", "config")[name];
  const auto secrets = read_profiles("AWS_SHARED_CREDENTIALS_FILE", "credentials")[name];
  for (const auto& [key, value] : secrets) profile_[key] = value;
  for (const std::string& region : {environment("AWS_REGION"), environment("AWS_DEFAULT_REGION"),
                                    value_of(profile_, "region"), std::string("us-east-1")})
    if (region_.empty()) region_ = region;
  for (const std::string& url :
       {environment("AWS_ENDPOINT_URL_S3"), environment("AWS_ENDPOINT_URL"), value_of(profile_, "endpoint_url")})
    if (endpoint_.empty()) endpoint_ = url;
  while (endpoint_.ends_with('/')) endpoint_.pop_back();
  if (!endpoint_.empty() && !endpoint_.starts_with("http://") && !endpoint_.starts_with("https://")) {
    throw UsageError("AWS_ENDPOINT_URL: expected an http or https URL, got '" + endpoint_ + "'");
  }
}

std::optional<ExpiringCredentials> S3Settings::find() const {
  ExpiringCredentials found;
  found.credentials = {environment("AWS_ACCESS_KEY_ID"), environment("AWS_SECRET_ACCESS_KEY"),
                       environment("AWS_SESSION_TOKEN")};
  if (!found.credentials.empty()) return found;
  found.credentials = of_profile(profile_);
  if (!found.credentials.empty()) return found;
  if (auto container = of_container()) return container;
  return of_instance();
}

S3Credentials S3Settings::credentials() {
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::system_clock::now();
  if (!found_ || found_->expires - kRenewBefore < now) {
    std::optional<ExpiringCredentials> renewed = find();
    // A service that does not answer takes nothing away that is still good.
    if (renewed || !found_ || found_->expires < now) found_ = std::move(renewed).value_or(ExpiringCredentials());
  }
  return found_->credentials;
}

void S3Settings::forget(const S3Credentials& credentials) {
  const std::lock_guard lock(mutex_);
  if (found_ && found_->credentials.access_key == credentials.access_key) found_.reset();
}

}  // namespace ftok
