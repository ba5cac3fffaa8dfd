#include "filters/url.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <libpsl.h>

#include "core/error.h"
#include "core/file.h"
#include "core/sha256.h"
#include "core/text_file.h"
#include "filters/url_lists/hashed_set.h"
#include "filters/url_lists/substring_matcher.h"

namespace ftok {
namespace {

constexpr bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// scheme://rest -> rest; //rest -> rest; anything else as it stands.
std::string_view without_scheme(std::string_view url) {
  const size_t slashes = url.find("//");
  if (slashes == 0) return url.substr(2);
  if (slashes == std::string_view::npos || slashes < 2 || url[slashes - 1] != ':') return url;
  const std::string_view scheme = url.substr(0, slashes - 1);
  const bool good = std::all_of(scheme.begin(), scheme.end(),
                                [](char c) { return is_alphanumeric(c) || c == '+' || c == '-' || c == '.'; });
  return good ? url.substr(slashes + 2) : url;
}

// U+3002, U+FF0E and U+FF61 part labels like a dot (UTS #46).
std::string with_ascii_dots(std::string_view host) {
  std::string out;
  for (size_t i = 0; i < host.size(); ++i) {
    const std::string_view three = host.substr(i, 3);
    if (three == "\xE3\x80\x82" || three == "\xEF\xBC\x8E" || three == "\xEF\xBD\xA1") {
      out.push_back('.');
      i += 2;
    } else {
      out.push_back(host[i] >= 'A' && host[i] <= 'Z' ? static_cast<char>(host[i] - 'A' + 'a') : host[i]);
    }
  }
  return out;
}

bool is_address(const std::string& host) {
  in_addr four{};
  in6_addr six{};
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    return inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &six) == 1;
  }
  return inet_pton(AF_INET, host.c_str(), &four) == 1;
}

// Calls `use` with each run of letters and digits until it returns true.
template <typename Use>
void for_each_word(std::string_view url, Use use) {
  for (size_t at = 0; at < url.size();) {
    if (!is_alphanumeric(url[at])) {
      ++at;
      continue;
    }
    size_t end = at;
    while (end < url.size() && is_alphanumeric(url[end])) ++end;
    if (use(url.substr(at, end - at))) return;
    at = end;
  }
}

}  // namespace

std::string host_of_url(std::string_view url) {
  std::string_view authority = without_scheme(url);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  const size_t user = authority.rfind('@');
  if (user != std::string_view::npos) authority.remove_prefix(user + 1);
  if (authority.starts_with('[') && authority.find(']') != std::string_view::npos) {
    return with_ascii_dots(authority.substr(0, authority.find(']') + 1));
  }
  authority = authority.substr(0, authority.find(':'));
  const auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!authority.empty() && is_space(authority.front())) authority.remove_prefix(1);
  while (!authority.empty() && is_space(authority.back())) authority.remove_suffix(1);
  std::string host = with_ascii_dots(authority);
  while (host.ends_with('.')) host.pop_back();
  return host;
}

PublicSuffixes::PublicSuffixes(const std::string& path) {
  if (path.empty()) {
    list_ = const_cast<psl_ctx_t*>(psl_builtin());
    if (list_ == nullptr) throw Error("libpsl was built without a public suffix list: name one in url.public_suffixes");
    digest_ = fmt::format("sha1:{}", psl_builtin_sha1sum());
    return;
  }
  const std::string bytes = read_file(path, uint64_t{1} << 26);
  std::string decoded;
  std::string text(text_of_list(bytes, path, decoded));
  std::FILE* const file = text.empty() ? nullptr : ::fmemopen(text.data(), text.size(), "r");
  psl_ctx_t* const list = file != nullptr ? psl_load_fp(file) : nullptr;
  if (file != nullptr) std::fclose(file);
  if (list == nullptr || psl_suffix_count(list) == 0) {
    psl_free(list);
    throw Error(fmt::format("{}: holds no public suffix", path));
  }
  list_ = list;
  owned_ = true;
  digest_ = "sha256:" + Sha256::of(bytes);
}

PublicSuffixes::~PublicSuffixes() {
  if (owned_) psl_free(static_cast<psl_ctx_t*>(list_));
}

std::string_view PublicSuffixes::registered_domain(const std::string& host) const {
  constexpr size_t kHostBytesMax = 1024;  // a DNS name has at most 253
  if (host.empty() || host.size() > kHostBytesMax) return {};
  size_t label = 0;        // where the label before the suffix starts
  for (size_t at = 0;;) {  // suffixes of the host, longest first
    // libpsl passes over a leading dot, which stands for an empty label here.
    if (host[at] != '.' && psl_is_public_suffix2(static_cast<const psl_ctx_t*>(list_), host.c_str() + at,
                                                 PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE) != 0) {
      const bool has_label = at > label + 1;  // not the suffix itself, and no empty label before it
      return has_label ? std::string_view(host).substr(label) : std::string_view();
    }
    label = at;
    const size_t dot = host.find('.', at);
    if (dot == std::string::npos) return {};
    at = dot + 1;
  }
}

UrlStage::UrlStage(UrlOptions options)
    : options_(std::move(options)),
      lists_(std::make_shared<const UrlLists>(options_)),
      suffixes_(std::make_shared<const PublicSuffixes>(options_.public_suffixes)) {
  if (!options_.optout_drop) return;
  if (options_.optout_lists.empty())
    throw UsageError(
        "url.optout_drop: there is no list to drop by; url.optout_lists names those of `ftok optout build`");
  for (const UrlListReport& list : lists_->reports()) {
    if (list.role != UrlListReport::Role::kOptOut || !list.missing) continue;
    throw Error(
        fmt::format("url.optout_lists: {} does not exist, and url.optout_drop would drop nothing by it; `ftok "
                    "optout build` makes such lists",
                    list.path));
  }
}

std::string UrlStage::listed_domain(std::string_view url) const {
  if (lists_->domains().size() == 0) return {};
  const std::string host = host_of_url(url);
  const std::string_view registered = suffixes_->registered_domain(host);
  if (registered.empty()) {
    const bool listed = options_.match_addresses && is_address(host) && lists_->domains().contains(host);
    return listed ? host : std::string();
  }
  if (lists_->domains().contains(registered)) return std::string(registered);
  return lists_->domains().contains(host) ? host : std::string();
}

std::string UrlStage::listed_url(std::string_view url) const {
  if (lists_->urls().size() == 0) return {};
  if (lists_->urls().contains(url)) return std::string(url);
  if (!options_.urls_without_scheme) return {};
  std::string_view bare = without_scheme(url);
  if (lists_->urls().contains(bare)) return std::string(bare);
  if (bare.starts_with("www.") && lists_->urls().contains(bare.substr(4))) return std::string(bare.substr(4));
  return {};
}

Verdict UrlStage::process(Document& document, Report* report) const {
  const std::string_view url = document.url;
  Judge judge(report);
  if (url.empty()) return judge.verdict();

  const std::string domain = listed_domain(url);
  if (judge.rule(!domain.empty(), "url.domain", "", domain.empty() ? 0 : 1, 0, domain)) return judge.verdict();
  const std::string listed = listed_url(url);
  if (judge.rule(!listed.empty(), "url.url", "", listed.empty() ? 0 : 1, 0, listed)) return judge.verdict();

  std::string_view hard;
  std::vector<std::string_view> soft;
  for_each_word(url, [&](std::string_view word) {
    if (hard.empty() && lists_->is_hard_word(word)) hard = word;
    if (lists_->is_soft_word(word) && std::find(soft.begin(), soft.end(), word) == soft.end()) soft.push_back(word);
    return !hard.empty() && report == nullptr;
  });
  if (judge.rule(!hard.empty(), "url.hard_word", "", hard.empty() ? 0 : 1, 0, hard)) return judge.verdict();
  const auto least = static_cast<double>(options_.soft_words_min);
  const auto soft_count = static_cast<double>(soft.size());
  if (judge.rule(soft_count >= least, "url.soft_words", ">=", soft_count, least,
                 fmt::format("{}", fmt::join(soft, " ")))) {
    return judge.verdict();
  }
  const std::string_view found = lists_->substrings().find_in(url);
  if (judge.rule(!found.empty(), "url.substring", "", found.empty() ? 0 : 1, 0, found)) return judge.verdict();
  if (!options_.optout_lists.empty()) judge_optout(document, judge);
  return judge.verdict();
}

void UrlStage::judge_optout(Document& document, Judge& judge) const {
  const std::string host = host_of_url(document.url);
  const bool listed = lists_->optout().contains(host);
  document.scores.push_back({optout_name_, listed ? 1.0 : 0.0, true});
  judge.rule(listed && options_.optout_drop, "url.optout", "", listed ? 1 : 0, 0, listed ? host : std::string());
}

std::unique_ptr<const Stage> UrlStage::make(UrlOptions options, const StageContext& context) {
  for (std::string& list : options.lists) {
    if (std::filesystem::exists(list) || !context.fetched_list) continue;
    if (const std::string path = context.fetched_list(list); !path.empty()) list = path;
  }
  auto stage = std::make_unique<UrlStage>(std::move(options));
  if (!context.name.empty())
    stage->optout_name_ = Reason::intern(context.name + "_optout").value_or(stage->optout_name_);
  return stage;
}

void UrlStage::describe(Provenance& provenance) const {
  provenance.digests["public suffix list"] = suffixes_->digest();
  size_t number = 0;
  for (const UrlListReport& list : lists_->reports()) {
    if (list.missing) {
      const bool is_ut1 = list.role == UrlListReport::Role::kFolder;
      const bool is_optout = list.role == UrlListReport::Role::kOptOut;
      provenance.notes.push_back(fmt::format("url: the list {} is missing and matches nothing{}", list.path,
                                             is_ut1      ? " (`ftok models get` fetches ut1)"
                                             : is_optout ? " (`ftok optout build` makes such lists)"
                                                         : ""));
      continue;
    }
    const std::filesystem::path path = list.path;  // its last two parts are enough to know a list by
    provenance.digests[fmt::format("url {} {:03} {}", name_of(list.role), number++,
                                   (path.parent_path().filename() / path.filename()).string())] = list.sha256;
  }
}

std::string UrlStage::list_of(const Verdict& verdict) const {
  using Role = UrlListReport::Role;
  const Role role = verdict.reason == "url.domain"      ? Role::kDomains
                    : verdict.reason == "url.url"       ? Role::kUrls
                    : verdict.reason == "url.hard_word" ? Role::kHardWords
                    : verdict.reason == "url.substring" ? Role::kSubstrings
                    : verdict.reason == "url.optout"    ? Role::kOptOut
                                                        : Role::kSoftWords;
  return lists_->list_with(
      role, verdict.detail.substr(0, role == Role::kSoftWords ? verdict.detail.find(' ') : std::string::npos));
}

StageKind url_kind() {
  StageKind kind = stage_kind<UrlStage, UrlOptions>("url", "drops pages by their address: lists of domains and words");
  kind.needs = kNoContent;
  return kind;
}

}  // namespace ftok
