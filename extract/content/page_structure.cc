#include "extract/content/page_structure.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "extract/content/dense_ids.h"
#include "extract/content/word_model.h"

namespace ftok::html {

namespace {

// Of a text: eight bytes at a time, mixed by multiplication (as in wyhash).
uint64_t hash_of(std::string_view text) {
  uint64_t hash = text.size() * 0x9E3779B97F4A7C15ULL;
  size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, text.data() + i, 8);
    hash = (hash ^ word) * 0xD6E8FEB86659FD93ULL;
    hash ^= hash >> 32;
  }
  uint64_t last = 0;
  std::memcpy(&last, text.data() + i, text.size() - i);
  hash = (hash ^ last) * 0xD6E8FEB86659FD93ULL;
  return hash ^ hash >> 32;
}

// The words and phrases of a short text.
class WordSet {
 public:
  explicit WordSet(std::string_view text) {
    phrases_of(text, words_);
    std::sort(words_.begin(), words_.end());
    words_.erase(std::unique(words_.begin(), words_.end()), words_.end());
    for (const uint32_t word : words_) bits_[word >> 6 & 15] |= uint64_t{1} << (word & 63);
  }
  size_t size() const { return words_.size(); }
  // How many of `words` are among them.
  uint32_t count(const std::vector<uint32_t>& words) const {
    uint32_t count = 0;
    if (words_.empty()) return 0;
    for (const uint32_t word : words) count += has(word) ? 1 : 0;
    return count;
  }

 private:
  bool has(uint32_t word) const {
    return (bits_[word >> 6 & 15] >> (word & 63) & 1) != 0 && std::binary_search(words_.begin(), words_.end(), word);
  }

  std::vector<uint32_t> words_;
  std::array<uint64_t, 16> bits_{};  // a first look that tells most words from these
};

// Whether a paragraph begins as the page's description does, which is often cut out of it.
bool begin_alike(std::string_view text, std::string_view description) {
  constexpr size_t kBytes = 24;
  return text.size() >= kBytes && description.substr(0, kBytes) == text.substr(0, kBytes);
}

float share_of_links(const TextSums& sums) {
  return sums.letters == 0 ? 0.0F : static_cast<float>(sums.link_letters) / static_cast<float>(sums.letters);
}

}  // namespace

PageStructure::PageStructure(const PageBlocks& blocks, const PageFacts& facts) : page(blocks) {
  if (page.blocks.empty()) return;
  find_best_container();
  find_branches();
  group_items();
  weigh_names();
  find_paragraphs();
  read_texts(facts);
}

// The container of most running text, as Readability finds it: a paragraph's points go to its box, half to the next, a
// quarter to the one after, less the share of links.
void PageStructure::find_best_container() {
  std::vector<float> scores(page.containers.size(), 0);
  for (const Block& block : page.blocks) {
    if (block.sums.letters < 25 || share_of_links(block.sums) > 0.5F || (block.ancestors & kInHidden) != 0) continue;
    const float score =
        1 + static_cast<float>(block.sums.commas) + std::min(static_cast<float>(block.sums.letters) / 100, 3.0F);
    uint32_t at = block.container;
    for (int level = 0; level < 3; ++level) {
      scores[at] += score / static_cast<float>(1 << level);
      at = page.containers[at].parent;
    }
  }
  float highest = 0;
  for (uint32_t i = 0; i < page.containers.size(); ++i) {
    const float score = scores[i] * (1 - share_of_links(page.containers[i].sums));
    if (score > highest) highest = score, best = i;
  }
}

void PageStructure::find_branches() {
  branches.resize(page.containers.size()), stems.resize(page.containers.size());
  for (uint32_t i = 1; i < page.containers.size(); ++i) {
    const uint32_t parent = page.containers[i].parent;
    const bool holds = holds_best(i);
    stems[i] = holds ? i : stems[parent];
    branches[i] = holds || stems[parent] == parent ? i : branches[parent];
  }
}

void PageStructure::group_items() {
  constexpr uint32_t kItemsMin = 3;
  DenseIds known(page.containers.size());
  group_of.resize(page.containers.size());
  place_in_group.resize(page.containers.size());
  for (size_t i = 0; i < page.containers.size(); ++i) {
    const Container& container = page.containers[i];
    group_of[i] = known.id_of(uint64_t{container.parent} << 32 | container.shape);
    if (group_of[i] == groups.size()) groups.emplace_back();
    ItemGroup& group = groups[group_of[i]];
    place_in_group[i] = group.items++;
    group.letters += container.sums.letters;
    group.link_letters += container.sums.link_letters;
    group.images += container.sums.images;
  }
  item_of.resize(page.containers.size());
  for (uint32_t i = 1; i < page.containers.size(); ++i) {
    const Tag tag = page.containers[i].tag;
    const bool is_text = tag == Tag::kP || (tag >= Tag::kH1 && tag <= Tag::kH6);
    item_of[i] = !is_text && items_like(i) >= kItemsMin ? i : item_of[page.containers[i].parent];
  }
}

void PageStructure::weigh_names() {
  constexpr float kFade = 0.8F;  // what a name further up still says
  names.resize(page.containers.size());
  for (size_t i = 0; i < page.containers.size(); ++i) {
    const Container& container = page.containers[i];
    NameWeights& own = names[i];
    float sum = 0;
    for (uint32_t k = container.first_name; k < container.last_name; ++k) {
      const float weight = weight_of_name(page.names[k]);
      own.own_min = std::min(own.own_min, weight);
      own.own_max = std::max(own.own_max, weight);
      sum += weight;
    }
    const NameWeights above = i == 0 ? NameWeights() : names[container.parent];
    own.path_min = std::min(own.own_min, above.path_min);
    own.path_max = std::max(own.own_max, above.path_max);
    own.path_sum = above.path_sum * kFade + sum;
  }
}

void PageStructure::find_paragraphs() {
  const uint32_t n = static_cast<uint32_t>(page.blocks.size());
  paragraph_before.resize(n), paragraph_after.resize(n), paragraph_letters_before.resize(n);
  uint32_t last = kNone, letters = 0;
  for (uint32_t i = 0; i < n; ++i) {
    paragraph_before[i] = last;
    paragraph_letters_before[i] = letters;
    letters += page.blocks[i].sums.paragraph_letters;
    if (page.blocks[i].sums.paragraph_letters > 0) last = i;
  }
  last = kNone;
  for (uint32_t i = n; i-- > 0;) {
    paragraph_after[i] = last;
    if (page.blocks[i].sums.paragraph_letters > 0) last = i;
  }
}

void PageStructure::read_texts(const PageFacts& facts) {
  const size_t n = page.blocks.size();
  std::vector<uint32_t> words;
  const WordSet title(facts.title), description(facts.description);
  phrases.resize(n), title_shares.resize(n), description_shares.resize(n), repeats.resize(n), heading_before.resize(n);
  letters_before.resize(n + 1), link_letters_before.resize(n + 1);
  DenseIds texts(n);
  std::vector<uint32_t> text_ids(n), counts;
  uint32_t heading = kNone;
  float best_title = 0.5F;
  for (uint32_t i = 0; i < n; ++i) {
    const Block& block = page.blocks[i];
    const std::string_view text = page.text_of(block);
    text_ids[i] = texts.id_of(hash_of(text));
    if (text_ids[i] == counts.size()) counts.push_back(0);
    ++counts[text_ids[i]];
    letters_before[i + 1] = letters_before[i] + block.sums.letters;
    link_letters_before[i + 1] = link_letters_before[i] + block.sums.link_letters;
    heading_before[i] = heading;
    if (block.heading_level > 0) heading = i;
    if (block.heading_level == 1 && first_h1 == kNone) first_h1 = i;
    if (block.sums.words > 2 * kPhraseWordsMax) {
      description_shares[i] = begin_alike(text, facts.description) ? 1.0F : 0.0F;
      continue;
    }
    phrases_of(text, words);
    if (!words.empty())
      description_shares[i] = static_cast<float>(description.count(words)) / static_cast<float>(words.size());
    const uint32_t shared = title.count(words);
    if (shared > 0) {
      title_shares[i] = {static_cast<float>(shared) / static_cast<float>(words.size()),
                         static_cast<float>(shared) / static_cast<float>(title.size())};
    }
    if (block.sums.words > kPhraseWordsMax) continue;
    PhraseWeights& weights = phrases[i];
    for (const uint32_t word : words) {
      const float weight = weight_of_phrase(word);
      weights.sum += weight;
      weights.min = std::min(weights.min, weight);
      weights.max = std::max(weights.max, weight);
    }
    const float bonus = block.heading_level == 1 ? 0.2F : block.heading_level > 0 ? 0.1F : 0.0F;
    const float likeness = title_shares[i].of_block * title_shares[i].of_title + bonus;
    if (likeness > best_title && (block.ancestors & kInHidden) == 0) best_title = likeness, title_block = i;
  }
  if (title_block == kNone) title_block = first_h1;
  for (uint32_t i = 0; i < n; ++i) repeats[i] = counts[text_ids[i]];
}

}  // namespace ftok::html
