#include "filters/measures/bad_words.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <filesystem>

#include "core/error.h"
#include "core/file.h"
#include "core/sha256.h"
#include "core/text_file.h"
#include "filters/measures/lines.h"
#include "text/unspaced.h"

namespace ftok {
namespace {

// Python's \W, and an end of the text.
constexpr char kBefore[] = R"((?:^|[^\pL\pN_]))", kBehind[] = R"((?:$|[^\pL\pN_]))";
constexpr int64_t kMatcherBytes = int64_t{64} << 20;

}  // namespace

BadWords::BadWords(const std::vector<std::string>& lists) {
  std::string spaced, unspaced;  // alternatives of a pattern
  size_t bytes = 0;
  for (const std::string& path : lists) {
    refuse_address(path);
    std::error_code code;
    if (!std::filesystem::exists(path, code)) {
      lists_.push_back({path, ""});
      continue;
    }
    std::string decoded;
    const std::string stored = read_file(path, kListBytesMax);
    const std::string text(text_of_list(stored, path, decoded));
    bytes += text.size();
    if (bytes > kListBytesMax) throw Error(fmt::format("{}: lists of words have at most 1 MiB together", path));
    std::vector<std::string_view> entries;
    split_at_newlines(text, entries);
    for (std::string_view entry : entries) {
      entry = strip(entry);
      if (entry.empty()) continue;
      std::string& alternatives = is_unspaced_letter(decode_utf8(entry, 0).code_point) ? unspaced : spaced;
      alternatives += (alternatives.empty() ? "" : "|") + re2::RE2::QuoteMeta({entry.data(), entry.size()});
    }
    lists_.push_back({path, Sha256::of(text)});
  }
  std::string pattern;
  if (!spaced.empty()) pattern = fmt::format("{}({}){}", kBefore, spaced, kBehind);
  if (!unspaced.empty()) pattern += fmt::format("{}({})", pattern.empty() ? "" : "|", unspaced);
  if (pattern.empty()) return;
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_case_sensitive(false);
  options.set_max_mem(kMatcherBytes);
  auto matcher = std::make_unique<const re2::RE2>(pattern, options);
  if (!matcher->ok()) throw Error(fmt::format("{}: cannot look for these words: {}", lists.front(), matcher->error()));
  matcher_ = std::move(matcher);
}

BadWords::~BadWords() = default;

std::string_view BadWords::find(std::string_view text) const {
  if (matcher_ == nullptr || !re2::RE2::PartialMatch({text.data(), text.size()}, *matcher_)) return {};
  re2::StringPiece groups[3];
  const int count = std::min(matcher_->NumberOfCapturingGroups(), 2) + 1;
  matcher_->Match({text.data(), text.size()}, 0, text.size(), re2::RE2::UNANCHORED, groups, count);
  for (int group = 1; group < count; ++group) {
    if (groups[group].data() != nullptr) return {groups[group].data(), groups[group].size()};
  }
  return {};
}

void BadWords::describe(Provenance& provenance) const {
  for (const List& list : lists_) {
    const std::string name = std::filesystem::path(list.path).filename().string();
    if (!list.sha256.empty()) provenance.digests["bad words " + name] = list.sha256;
    else
      provenance.notes.push_back(
          fmt::format("c4: the list {} is missing and matches nothing (`ftok models get` fetches ldnoobw)", list.path));
  }
}

}  // namespace ftok
