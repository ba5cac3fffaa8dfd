// UrlLists: the lists UrlStage compares a URL with, read from files.
//
// A plain list has one entry per line; white space around it is dropped, as are empty lines and lines that start with
// '#'. A folder in UT1's layout holds `domains` and/or `urls` (a category), or such folders (the unpacked collection,
// or datatrove's url_filterblacklists); its `expressions` are not used. What a machine lacks is reported, not thrown:
// the run logs it and names it in its manifest.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "core/hash_seed.h"
#include "core/options.h"
#include "document/stage_kind.h"

namespace ftok {

class HashedSet;
class SubstringMatcher;

struct UrlOptions {
  std::vector<std::string> lists;         // folders in UT1's layout
  std::vector<std::string> domain_lists;  // plain files from here on
  std::vector<std::string> url_lists;
  std::vector<std::string> hard_word_lists;
  std::vector<std::string> soft_word_lists;
  std::vector<std::string> substring_lists;
  std::vector<std::string> hard_words;  // words given in the recipe itself
  std::vector<std::string> soft_words;
  std::vector<std::string> substrings;
  int64_t soft_words_min = 2;
  std::vector<std::string> optout_lists;  // files of hosts, as `ftok optout build` writes them
  bool optout_drop = false;
  bool match_addresses = false;
  bool urls_without_scheme = false;
  std::string public_suffixes;  // a public_suffix_list.dat; "" is the one libpsl was built with

  void visit(OptionVisitor& visitor);
  std::vector<std::string> score_names(const std::string& stage) const {
    return optout_lists.empty() ? std::vector<std::string>{} : std::vector<std::string>{stage + "_optout"};
  }
  static UrlOptions of(RuleSet);  // of the presets: with the fetched list "ut1"
};

// What became of one list: for the log and the manifest.
struct UrlListReport {
  enum class Role : uint8_t { kDomains, kUrls, kHardWords, kSoftWords, kSubstrings, kOptOut, kFolder };
  Role role = Role::kFolder;  // kFolder only when a folder is missing or holds no list
  std::string path;
  bool missing = false;
  uint64_t entries = 0;  // as read, doubles included
  uint64_t bytes = 0;
  std::string sha256;  // of the file's bytes, hex; "" when missing
};

// "domains", "urls", "hard_words", "soft_words", "substrings", "optout", "folder".
std::string_view name_of(UrlListReport::Role role);

class UrlLists {
 public:
  // Reads all that `options` names, in that order. Throws Error only when a file is there and cannot be read.
  explicit UrlLists(const UrlOptions& options);
  ~UrlLists();

  const HashedSet& domains() const { return *domains_; }  // lower case
  const HashedSet& urls() const { return *urls_; }        // as they stand
  const HashedSet& optout() const { return *optout_; }    // hosts, lower case
  bool is_hard_word(std::string_view word) const { return hard_words_.contains(word); }
  bool is_soft_word(std::string_view word) const { return soft_words_.contains(word); }
  const SubstringMatcher& substrings() const { return *substrings_; }

  const std::vector<UrlListReport>& reports() const { return reports_; }
  uint64_t memory_bytes() const;

  // The list that holds `entry` (in the form the sets hold), found by reading the files again; "" when none does. Slow:
  // for `ftok url check`.
  std::string list_with(UrlListReport::Role role, std::string_view entry) const;

 private:
  using Role = UrlListReport::Role;
  using WordSet = std::unordered_set<std::string, SeededHash, std::equal_to<>>;

  void read_folder(const std::string& path);
  void read_list(Role role, const std::string& path);
  void add(Role role, std::string_view line);

  std::unique_ptr<HashedSet> domains_, urls_, optout_;
  WordSet hard_words_, soft_words_;
  std::vector<std::string> patterns_;
  std::unique_ptr<SubstringMatcher> substrings_;
  std::vector<UrlListReport> reports_;
};

}  // namespace ftok
