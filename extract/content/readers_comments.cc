#include "extract/content/readers_comments.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <string>
#include <string_view>

#include "core/ascii.h"
#include "extract/content/thread_address.h"

namespace ftok::html {

namespace {

// Whether a heading counts comments: "5 Comments", "Responses (12)", "3 thoughts on the mill".
bool counts_comments(std::string_view heading) {
  constexpr size_t kBytesMax = 200;
  static constexpr std::string_view kNames[] = {
      "comment",    "comments",        "reader comments", "responses",    "response",    "replies",      "kommentar",
      "kommentare", "leserkommentare", "commentaire",     "commentaires", "comentario",  "comentarios",  "comentários",
      "comentário", "commento",        "commenti",        "reacties",     "reactie",     "komentarz",    "komentarze",
      "komentarzy", "kommentarer",     "yorum",           "комментарий",  "комментария", "комментариев", "комментарии",
      "评论",       "条评论",          "則留言",          "コメント",     "件のコメント"};
  static constexpr std::string_view kBeginnings[] = {"comments on ",  "comment on ",  "thoughts on ", "thought on ",
                                                     "responses to ", "response to ", "replies to ",  "reply to "};
  if (heading.size() > kBytesMax || std::none_of(heading.begin(), heading.end(), is_digit)) return false;
  std::string words;
  for (const char c : heading) {
    const bool sign = is_digit(c) || c == '(' || c == ')' || c == '[' || c == ']' || c == ':' || c == ',' || c == '.';
    const bool space = sign || c == ' ' || c == '\n';
    if (!space) words += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    else if (!words.empty() && words.back() != ' ') words += ' ';
  }
  const bool begins = is_digit(heading[0]) && std::any_of(std::begin(kBeginnings), std::end(kBeginnings),
                                                          [&](std::string_view b) { return words.starts_with(b); });
  if (!words.empty() && words.back() == ' ') words.pop_back();
  return begins || std::find(std::begin(kNames), std::end(kNames), words) != std::end(kNames);
}

// The child of container `parent` that holds a block; 0 where none does.
uint32_t child_around(const PageBlocks& page, uint32_t container, uint32_t parent) {
  while (container != 0 && page.containers[container].parent != parent) container = page.containers[container].parent;
  return container;
}

// Which blocks stand in comments.
class Comments {
 public:
  explicit Comments(const PageBlocks& page) : page_(page), counted_(page.blocks.size()) {
    for (size_t i = 0; i < page.blocks.size(); ++i) {
      const Block& block = page.blocks[i];
      if (block.heading_level > 0 && counted_[i] == 0 && counts_comments(page.text_of(block))) mark_below(i);
    }
  }

  bool has(size_t block) const {
    constexpr uint8_t kLevels = 6;
    const Block& at = page_.blocks[block];
    return counted_[block] != 0 || (at.ancestors & kInComments) != 0 ||
           page_.containers[at.container].hint_distance[kHintComment] <= kLevels;
  }
  // By other means than a hint.
  bool says_so(size_t block) const {
    return counted_[block] != 0 || (page_.blocks[block].ancestors & kInComments) != 0;
  }

 private:
  // The box that begins with the heading, or else the one that follows it.
  void mark_below(size_t heading) {
    const uint32_t own = page_.blocks[heading].container, around = page_.containers[own].parent;
    size_t last = heading + 1;
    if (around != 0 && page_.containers[around].first_block == heading) {
      last = page_.containers[around].last_block;
    } else if (last < page_.blocks.size()) {
      const uint32_t next = child_around(page_, page_.blocks[last].container, around);
      if (next != 0) last = page_.containers[next].last_block;
    }
    std::fill(counted_.begin() + static_cast<std::ptrdiff_t>(heading),
              counted_.begin() + static_cast<std::ptrdiff_t>(std::max(last, heading + 1)), uint8_t{1});
  }

  const PageBlocks& page_;
  std::vector<uint8_t> counted_;
};

// Whether a name says that a box holds the comments on what its first word names: "post-comments".
bool is_name_of_comments(uint32_t name) {
  static const std::array<uint32_t, 8> kNames = [] {
    constexpr std::string_view kWords[] = {"post-comments",  "article-comments", "entry-comments", "blog-comments",
                                           "story-comments", "news-comments",    "text-comments",  "content-comments"};
    std::array<uint32_t, 8> names{};
    std::transform(std::begin(kWords), std::end(kWords), names.begin(), hash_of_name);
    return names;
  }();
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

// Whether a box around is named as comments, and not as the page's content too ("main-content__item__comment").
bool is_named_for_comments(const PageBlocks& page, const Block& block) {
  constexpr int kLevels = 6;
  uint32_t at = block.container;
  for (int level = 0; level <= kLevels && at != 0; ++level, at = page.containers[at].parent) {
    const Container& box = page.containers[at];
    if ((box.hints >> kHintComment & 1) == 0) continue;
    if ((box.hints >> kHintContent & 1) == 0) return true;
    const auto names = page.names.begin();
    if (std::any_of(names + box.first_name, names + box.last_name, is_name_of_comments)) return true;
  }
  return false;
}

// Whether a page's posts are what it is about. `first` is the first kept block in a box named as comments: where what
// stands before it is in boxes named as a forum's, so is the page.
bool is_conversation(const PageBlocks& page, const PageFacts& facts, const std::vector<uint8_t>& keep, size_t first) {
  constexpr uint8_t kLevels = 9;
  if (says_it_is_a_thread(page, facts)) return true;
  double forum = 0, all = 0;
  for (size_t i = 0; i < first; ++i) {
    if (keep[i] == 0) continue;
    const double words = page.blocks[i].sums.words;
    all += words;
    if (page.containers[page.blocks[i].container].hint_distance[kHintForum] <= kLevels) forum += words;
  }
  return !facts.is_article() && forum * 2 > all;
}

// Where a block stands, for comparison: the shapes of its box and of the two around it.
uint64_t place_of(const PageBlocks& page, const Block& block) {
  const Container& box = page.containers[block.container];
  const Container& around = page.containers[box.parent];
  return uint64_t{box.shape} << 32 | (around.shape ^ page.containers[around.parent].shape * 31);
}

}  // namespace

bool says_it_is_a_thread(const PageBlocks& page, const PageFacts& facts) {
  return facts.is_forum() || page.has_thread_type || is_thread_address(facts.address) ||
         (!facts.is_article() && is_thread_title(facts.document_title));
}

bool is_type_of_comments(std::string_view item_type) {
  const std::string_view type = item_type.substr(item_type.rfind('/') + 1);
  return type == "Comment" || type == "UserComments";
}

bool is_type_of_thread(std::string_view item_type) {
  const auto has = [&](std::string_view known) { return item_type.find(known) != std::string_view::npos; };
  return has("DiscussionForumPosting") || has("QAPage");
}

bool is_element_of_comments(const Node& node) {
  const std::string_view name = node.view();
  return node.tag == Tag::kUnknown && name.find('-') != std::string_view::npos &&
         name.find("comment") != std::string_view::npos;
}

bool is_comment(const PageBlocks& page, const Block& block) {
  constexpr uint8_t kLevels = 6;
  constexpr uint32_t kWordsMin = 5;
  const bool is_named =
      (block.ancestors & kInComments) != 0 || page.containers[block.container].hint_distance[kHintComment] <= kLevels;
  return is_named && block.sums.words >= kWordsMin && block.sums.link_letters * 2 < block.sums.letters &&
         (block.ancestors & (kInForm | kInNav | kInButton | kInFooter)) == 0;
}

void keep_posts(const PageBlocks& page, const PageFacts& facts, std::vector<uint8_t>& keep) {
  constexpr uint32_t kWordsMin = 5, kBlocksMin = 3;
  constexpr double kKeptMin = 0.75;
  if (!says_it_is_a_thread(page, facts)) return;
  struct Like {
    uint32_t blocks = 0;
    double words = 0, kept = 0;
  };
  std::map<uint64_t, Like> places;
  const auto may_be_of_post = [&](const Block& block) {
    return block.sums.words >= kWordsMin && block.sums.link_letters * 2 < block.sums.letters &&
           block.heading_level == 0 &&
           (block.ancestors & (kInHidden | kInForm | kInNav | kInButton | kInFooter | kInAside)) == 0;
  };
  for (size_t i = 0; i < page.blocks.size(); ++i) {
    const Block& block = page.blocks[i];
    if (!may_be_of_post(block)) continue;
    Like& like = places[place_of(page, block)];
    ++like.blocks;
    like.words += block.sums.words;
    like.kept += keep[i] != 0 ? block.sums.words : 0;
  }
  for (size_t i = 0; i < page.blocks.size(); ++i) {
    if (keep[i] != 0 || !may_be_of_post(page.blocks[i])) continue;
    const Like& like = places[place_of(page, page.blocks[i])];
    keep[i] = like.blocks >= kBlocksMin && like.kept >= kKeptMin * like.words;
  }
}

void drop_comments(const PageBlocks& page, const PageFacts& facts, std::vector<uint8_t>& keep) {
  constexpr double kWordsMin = 30;
  const Comments comments(page);
  double before = 0, behind = 0, said = 0;
  size_t first = page.blocks.size();
  for (size_t i = 0; i < page.blocks.size(); ++i) {
    if (keep[i] == 0) continue;
    const bool in_comments = comments.has(i);
    if (in_comments && first == page.blocks.size()) first = i;
    (in_comments ? said : first == page.blocks.size() ? before : behind) += page.blocks[i].sums.words;
  }
  if (first == page.blocks.size() || before < kWordsMin || is_conversation(page, facts, keep, first)) return;
  const bool is_named = comments.says_so(first) || is_named_for_comments(page, page.blocks[first]);
  const bool is_under_article = facts.is_article() || (behind < kWordsMin && !facts.is_product() && is_named);
  if (!is_under_article && before <= behind + said) return;
  for (size_t i = first; i < page.blocks.size(); ++i) {
    if (comments.has(i)) keep[i] = 0;
  }
}

}  // namespace ftok::html
