// Hints: what the words in an element's class, id, role and itemprop say of its content. Site authors name their boxes;
// the same few dozen words ("sidebar", "comment", "entry-content") tell content from the rest on most of the web
// (Kohlschuetter et al., WSDM 2010; the patterns of Readability and trafilatura are lists of this kind).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace ftok::html {

enum Hint : uint8_t {
  kHintContent,     // content, article, post, entry, story, body
  kHintComment,     // comment, disqus, respond
  kHintShare,       // share, social, follow
  kHintRelated,     // related, recommended, popular, trending, more
  kHintNavigation,  // nav, menu, breadcrumb, pager
  kHintFooter,      // footer, copyright, legal
  kHintHeader,      // header, masthead, banner, logo
  kHintSidebar,     // sidebar, aside, widget, rail
  kHintAd,          // ad, advert, promo, sponsor
  kHintConsent,     // cookie, consent, modal, newsletter, login
  kHintMeta,        // byline, author, date, tags, category
  kHintTitle,       // title, headline
  kHintProduct,     // product, price, description, spec
  kHintForum,       // forum, thread, message, reply, answer
  kHintMedia,       // caption, gallery, image, video
  kHintList,        // list, grid, card, teaser, result
  kHintCount
};

// One bit a hint. `value` is a class list, an id or a role; words are told apart at non-letters and at aB, and compared
// without regard to ASCII case.
uint16_t hints_of(std::string_view value);

// The same, and appends the hashes of the names in `value` to `names`: each of its words, and each class or id whole,
// in lower case and without digits ("post-12345" and "post-678" are one name). At most 24 of a value.
uint16_t hints_of(std::string_view value, std::vector<uint32_t>& names);

// What some names say of a box, as bits.
enum BoxKind : uint16_t {
  kUnfolds = 1,      // readers unfold it: tab, accordion, slide, answer ...
  kLineNumbers = 2,  // it holds the line numbers of code: gutter, linenos ...
  kComments = 4,     // it holds what readers wrote, by a word that is none of kHintComment's: talkback, webmentions ...
  kCodeLines = 8,    // boxes in it may be lines of code: fragment, code, highlight
  kPostText = 16,    // it holds a post, though it may be a <blockquote>: postcontent
  kQuotes = 32,      // it quotes, though it may be a <div>: bbcode_quote
  kPosters = 64,     // it says who wrote a post, or when: message-user, postprofile, topic-map
  kFormulas = 256,   // its text may be a formula's source: math, tex
  kForEars =
      128,  // it is read out, and not shown: visually-hidden, sr-only. Text, but in captions and within a sentence
  kCodeText = 512,  // what it holds is code: dp-highlighter, crayon-pre
};
uint16_t box_kinds_of(const std::vector<uint32_t>& names);

// The hash of one name, as hints_of gives it.
uint32_t hash_of_name(std::string_view lower_case);

// hints_of for the values of a page, most of which come again and again: remembers what it found. The values must
// outlive it.
class HintCache {
 public:
  HintCache() : slots_(kSlots) {}

  // As hints_of; `hash` gets the hash of the value, the same for the same value.
  uint16_t hints_of(std::string_view value, std::vector<uint32_t>& names, uint32_t& hash);

 private:
  static constexpr size_t kSlots = 512;      // a later value takes the place of an earlier one
  static constexpr size_t kNamesMax = 8192;  // held at once; then all is forgotten
  struct Slot {
    std::string_view value;
    uint32_t first = 0, count = 0;  // of its names, in names_
    uint16_t hints = 0;
  };

  void fill(Slot& slot, std::string_view value);

  std::vector<Slot> slots_;
  std::vector<uint32_t> names_;  // those of replaced values too
};

}  // namespace ftok::html
