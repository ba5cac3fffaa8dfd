#include "filters/url_lists.h"

#include <algorithm>
#include <filesystem>
#include <functional>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/sha256.h"
#include "core/text_file.h"
#include "filters/url_lists/hashed_set.h"
#include "filters/url_lists/substring_matcher.h"

namespace ftok {
namespace {

namespace fs = std::filesystem;

constexpr bool is_ascii_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view stripped(std::string_view line) {
  while (!line.empty() && is_ascii_space(line.front())) line.remove_prefix(1);
  while (!line.empty() && is_ascii_space(line.back())) line.remove_suffix(1);
  return line;
}

// Calls `use` with each entry of the list that a file holds.
void for_each_entry(std::string_view stored, const std::string& path,
                    const std::function<void(std::string_view)>& use) {
  std::string decoded;
  const std::string_view bytes = text_of_list(stored, path, decoded);
  for (size_t at = 0; at < bytes.size();) {
    const size_t end = std::min(bytes.find('\n', at), bytes.size());
    const std::string_view line = bytes.substr(at, end - at);
    at = end + 1;
    if (line.starts_with('#')) continue;
    const std::string_view entry = stripped(line);
    if (!entry.empty()) use(entry);
  }
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// An entry in the form its set holds.
std::string entry_form(UrlListReport::Role role, std::string_view entry) {
  switch (role) {
    case UrlListReport::Role::kDomains:
    case UrlListReport::Role::kOptOut: return lower_case(entry);
    case UrlListReport::Role::kUrls: return std::string(entry);
    default: return letters_and_digits(entry);
  }
}

}  // namespace

UrlOptions UrlOptions::of(RuleSet) {
  UrlOptions options;
  options.lists = {"ut1"};  // a name: `ftok models get ut1`
  return options;
}

void UrlOptions::visit(OptionVisitor& visitor) {
  visitor.field("lists", lists,
                "folders in UT1's layout: a category with `domains` and `urls`, or a folder of categories");
  visitor.field("domain_lists", domain_lists, "plain lists of domains, registered or fully qualified");
  visitor.field("url_lists", url_lists, "plain lists of whole URLs");
  visitor.field("hard_word_lists", hard_word_lists, "plain lists of words of which one drops");
  visitor.field("soft_word_lists", soft_word_lists, "plain lists of words of which soft_words_min drop");
  visitor.field("substring_lists", substring_lists, "plain lists of substrings of which one drops");
  visitor.field("hard_words", hard_words, "more hard words");
  visitor.field("soft_words", soft_words, "more soft words");
  visitor.field("substrings", substrings, "more substrings");
  visitor.field("soft_words_min", soft_words_min, "different soft words that drop a page (FineWeb: 2)");
  visitor.field("optout_lists", optout_lists,
                "lists of hosts that opt out of a crawler, as `ftok optout build` makes them: their pages are labelled "
                "url_optout = 1");
  visitor.field("optout_drop", optout_drop, "drop those pages");
  visitor.field("match_addresses", match_addresses, "compare IP addresses with the domain lists too (FineWeb: no)");
  visitor.field(
      "urls_without_scheme", urls_without_scheme,
      "compare the URL without `http://` and `www.` with the URL lists too, as UT1 writes them (FineWeb: no)");
  visitor.field("public_suffixes", public_suffixes, "a public_suffix_list.dat; \"\": the one built into libpsl");
}

std::string_view name_of(UrlListReport::Role role) {
  switch (role) {
    case UrlListReport::Role::kDomains: return "domains";
    case UrlListReport::Role::kUrls: return "urls";
    case UrlListReport::Role::kHardWords: return "hard_words";
    case UrlListReport::Role::kSoftWords: return "soft_words";
    case UrlListReport::Role::kSubstrings: return "substrings";
    case UrlListReport::Role::kOptOut: return "optout";
    case UrlListReport::Role::kFolder: break;
  }
  return "folder";
}

UrlLists::UrlLists(const UrlOptions& options)
    : domains_(std::make_unique<HashedSet>()),
      urls_(std::make_unique<HashedSet>()),
      optout_(std::make_unique<HashedSet>()) {
  for (const std::string& path : options.lists) read_folder(path);
  for (const std::string& path : options.domain_lists) read_list(Role::kDomains, path);
  for (const std::string& path : options.url_lists) read_list(Role::kUrls, path);
  for (const std::string& path : options.hard_word_lists) read_list(Role::kHardWords, path);
  for (const std::string& path : options.soft_word_lists) read_list(Role::kSoftWords, path);
  for (const std::string& path : options.substring_lists) read_list(Role::kSubstrings, path);
  for (const std::string& path : options.optout_lists) read_list(Role::kOptOut, path);
  for (const std::string& word : options.hard_words) add(Role::kHardWords, word);
  for (const std::string& word : options.soft_words) add(Role::kSoftWords, word);
  for (const std::string& word : options.substrings) add(Role::kSubstrings, word);
  domains_->seal();
  urls_->seal();
  optout_->seal();
  substrings_ = std::make_unique<SubstringMatcher>(patterns_);
}

UrlLists::~UrlLists() = default;

uint64_t UrlLists::memory_bytes() const {
  return domains_->memory_bytes() + urls_->memory_bytes() + optout_->memory_bytes();
}

void UrlLists::read_folder(const std::string& path) {
  refuse_address(path);
  std::error_code error;
  const size_t before = reports_.size();
  const auto read_category = [this](const fs::path& folder) {
    std::error_code ignored;
    if (fs::is_regular_file(folder / "domains", ignored)) read_list(Role::kDomains, (folder / "domains").string());
    if (fs::is_regular_file(folder / "urls", ignored)) read_list(Role::kUrls, (folder / "urls").string());
  };
  if (fs::is_directory(path, error)) {
    read_category(path);
    std::vector<fs::path> folders;
    for (const fs::directory_entry& entry : fs::directory_iterator(path)) {
      if (entry.is_directory()) folders.push_back(entry.path());
    }
    std::sort(folders.begin(), folders.end());
    if (reports_.size() == before) std::for_each(folders.begin(), folders.end(), read_category);
  }
  if (reports_.size() == before) reports_.push_back({Role::kFolder, path, true, 0, 0, ""});
}

void UrlLists::read_list(Role role, const std::string& path) {
  refuse_address(path);
  UrlListReport report{role, path, false, 0, 0, ""};
  std::error_code error;
  if (!fs::exists(path, error)) {
    report.missing = true;
    reports_.push_back(std::move(report));
    return;
  }
  const MappedFile file(path);
  for_each_entry(file.bytes(), path, [&](std::string_view entry) {
    add(role, entry);
    ++report.entries;
  });
  report.bytes = file.bytes().size();
  report.sha256 = Sha256::of(file.bytes());
  reports_.push_back(std::move(report));
}

void UrlLists::add(Role role, std::string_view line) {
  std::string entry = entry_form(role, line);
  if (entry.empty()) return;
  switch (role) {
    case Role::kDomains: domains_->add(entry); break;
    case Role::kUrls: urls_->add(entry); break;
    case Role::kOptOut: optout_->add(entry); break;
    case Role::kHardWords: hard_words_.insert(std::move(entry)); break;
    case Role::kSoftWords: soft_words_.insert(std::move(entry)); break;
    case Role::kSubstrings: patterns_.push_back(std::move(entry)); break;
    case Role::kFolder: break;
  }
}

std::string UrlLists::list_with(Role role, std::string_view entry) const {
  // Domains and URLs come from files alone, so a single file needs no reading.
  const auto lists = std::count_if(reports_.begin(), reports_.end(),
                                   [&](const UrlListReport& r) { return r.role == role && !r.missing; });
  const bool files_alone = role == Role::kDomains || role == Role::kUrls || role == Role::kOptOut;
  for (const UrlListReport& report : reports_) {
    if (report.role != role || report.missing) continue;
    if (lists == 1 && files_alone) return report.path;
    const MappedFile file(report.path);
    bool found = false;
    for_each_entry(file.bytes(), report.path,
                   [&](std::string_view line) { found = found || entry_form(role, line) == entry; });
    if (found) return report.path;
  }
  return {};
}

}  // namespace ftok
