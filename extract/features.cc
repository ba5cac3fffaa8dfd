#include "extract/features.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

namespace ftok::html {

namespace {

float ratio(double a, double b) { return b <= 0 ? 0.0F : static_cast<float>(a / b); }
float link_density(const TextSums& sums) { return ratio(sums.link_letters, sums.letters); }

uint64_t hash_of(std::string_view text) {
  uint64_t hash = 1469598103934665603ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash;
}

// Lower-case ASCII words and all other letters as they are; enough to compare a title with a heading.
void add_words(std::string_view text, std::vector<uint64_t>& words) {
  uint64_t hash = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    const unsigned char c = i < text.size() ? static_cast<unsigned char>(text[i]) : ' ';
    const bool letter = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c >= 0x80;
    if (letter) {
      hash = (hash == 0 ? 1469598103934665603ULL : hash);
      hash = (hash ^ (c < 0x80 ? c | 0x20U : c)) * 1099511628211ULL;
    } else if (hash != 0) {
      words.push_back(hash);
      hash = 0;
    }
  }
}

// Writes one feature after the other.
class Row {
 public:
  explicit Row(float* at) : at_(at) {}
  void put(float value) { *at_++ = value; }
  void put(bool value) { *at_++ = value ? 1.0F : 0.0F; }
  float* end() const { return at_; }

 private:
  float* at_;
};

}  // namespace

BlockFeatures::BlockFeatures(const PageBlocks& page, const PageFacts& facts) : page_(page) {
  if (page.blocks.empty()) return;
  find_best_container();
  count_shapes();
  count_repeats();
  gather_page(facts);
}

void BlockFeatures::find_best_container() {
  std::vector<float> scores(page_.containers.size(), 0);
  for (const Block& block : page_.blocks) {
    if (block.sums.letters < 25 || link_density(block.sums) > 0.5F || (block.ancestors & kInHidden) != 0) continue;
    const float score = 1 + static_cast<float>(block.sums.commas) + std::min(static_cast<float>(block.sums.letters) / 100, 3.0F);
    uint32_t at = block.container;
    for (int level = 0; level < 3; ++level) {
      scores[at] += score / static_cast<float>(1 << level);
      at = page_.containers[at].parent;
    }
  }
  float best = 0;
  for (uint32_t i = 0; i < page_.containers.size(); ++i) {
    const float score = scores[i] * (1 - link_density(page_.containers[i].sums));
    if (score > best) best = score, best_ = i;
  }
}

void BlockFeatures::count_shapes() {
  std::unordered_map<uint64_t, uint32_t> counts;
  same_shape_.resize(page_.containers.size());
  const auto key = [&](size_t i) { return uint64_t{page_.containers[i].parent} << 32 | page_.containers[i].shape; };
  for (size_t i = 0; i < page_.containers.size(); ++i) ++counts[key(i)];
  for (size_t i = 0; i < page_.containers.size(); ++i) same_shape_[i] = counts[key(i)];
}

void BlockFeatures::count_repeats() {
  std::unordered_map<uint64_t, uint32_t> counts;
  std::vector<uint64_t> hashes;
  for (const Block& block : page_.blocks) {
    hashes.push_back(hash_of(page_.text_of(block)));
    ++counts[hashes.back()];
  }
  for (const uint64_t hash : hashes) repeats_.push_back(counts[hash]);
}

void BlockFeatures::gather_page(const PageFacts& facts) {
  std::vector<uint64_t> words;
  add_words(facts.title, words);
  title_words_.insert(words.begin(), words.end());
  uint32_t letters = 0, headings = 0, paragraphs = 0, cells = 0, items = 0, articles = 0, hidden = 0;
  std::array<uint32_t, kHintCount> near{};
  for (size_t i = 0; i < page_.blocks.size(); ++i) {
    const Block& block = page_.blocks[i];
    letters_before_.push_back(letters);
    letters += block.sums.letters;
    headings += block.kind == BlockKind::kHeading;
    cells += block.kind == BlockKind::kCell;
    items += block.kind == BlockKind::kListItem;
    paragraphs += block.sums.paragraph_letters > 0;
    if ((block.ancestors & kInHidden) != 0) hidden += block.sums.letters;
    if (block.heading_level == 1 && first_h1_ == SIZE_MAX) first_h1_ = i;
    for (size_t h = 0; h < kHintCount; ++h) {
      if (page_.containers[block.container].hint_distance[h] < 5) near[h] += block.sums.letters;
    }
  }
  bool has_main = false;
  for (const Container& container : page_.containers) {
    articles += container.tag == Tag::kArticle;
    has_main |= container.tag == Tag::kMain;
  }
  const TextSums& all = page_.containers[0].sums;
  const double blocks = static_cast<double>(page_.blocks.size());
  const auto type_has = [&](std::string_view part) { return facts.json_ld_type.find(part) != std::string_view::npos ? 1.0F : 0.0F; };
  page_values_ = {std::log1p(static_cast<float>(all.letters)), static_cast<float>(blocks), link_density(all),
                  ratio(all.paragraph_letters, all.letters), static_cast<float>(paragraphs), ratio(headings, blocks),
                  ratio(cells, blocks), ratio(items, blocks), static_cast<float>(articles), has_main ? 1.0F : 0.0F,
                  ratio(hidden, letters), ratio(near[kHintForum], letters), ratio(near[kHintProduct], letters),
                  ratio(near[kHintList], letters), ratio(near[kHintComment], letters), ratio(near[kHintContent], letters),
                  type_has("Article") + type_has("Posting"), type_has("Product"), ratio(all.images, blocks),
                  ratio(page_.containers[best_].sums.letters, all.letters)};
}

float* BlockFeatures::put_text(const Block& block, float* at) const {
  Row row(at);
  const TextSums& sums = block.sums;
  const std::string_view text = page_.text_of(block);
  row.put(static_cast<float>(sums.letters));
  row.put(static_cast<float>(sums.words));
  row.put(link_density(sums));
  row.put(static_cast<float>(sums.links));
  row.put(static_cast<float>(sums.commas));
  row.put(static_cast<float>(sums.sentences));
  row.put(ratio(block.uppercase, sums.letters));
  row.put(ratio(block.digits, sums.letters));
  row.put(static_cast<float>(block.breaks));
  row.put(ratio(block.emphasis_letters, sums.letters));
  row.put(ratio(sums.letters, sums.words));
  row.put(static_cast<float>(block.kind));
  row.put(static_cast<float>(block.heading_level));
  row.put(static_cast<float>(block.list_depth));
  const char last = text.back();
  row.put(last == '.' || last == '!' || last == '?' || (text.size() >= 3 && (text.substr(text.size() - 3) == "\u3002" || text.substr(text.size() - 3) == "\u201D")));
  row.put(last == ':');
  row.put(text.find('|') != std::string_view::npos || text.find("\u00BB") != std::string_view::npos || text.find("\u203A") != std::string_view::npos);
  row.put(text.find("\u00A9") != std::string_view::npos);
  row.put(text[0] >= 'a' && text[0] <= 'z');
  return row.end();
}

float* BlockFeatures::put_boxes(const Block& block, float* at) const {
  Row row(at);
  const Container& container = page_.containers[block.container];
  row.put(static_cast<float>(container.tag));
  row.put(static_cast<float>(container.depth));
  for (const Ancestor a : {kInArticle, kInMain, kInNav, kInHeader, kInFooter, kInAside, kInForm, kInTable, kInFigure, kInSection,
                           kInQuote, kInHidden, kInDetails, kInButton, kInParagraph, kInDefinitionList, kInAddress, kInDialog,
                           kInLabel}) {
    row.put((block.ancestors & a) != 0);
  }
  for (size_t h = 0; h < kHintCount; ++h) row.put(static_cast<float>(container.hint_distance[h]));
  for (const Hint h : {kHintComment, kHintShare, kHintRelated, kHintMeta, kHintConsent, kHintContent}) {
    row.put((block.inline_hints >> h & 1) != 0);
  }
  return row.end();
}

float* BlockFeatures::put_containers(size_t index, float* first) const {
  Row row(first);
  const Block& block = page_.blocks[index];
  const TextSums& all = page_.containers[0].sums;
  uint32_t at = block.container;
  float most_alike = 0;
  for (int level = 0; level < 5; ++level) {
    const Container& container = page_.containers[at];
    most_alike = std::max(most_alike, static_cast<float>(same_shape_[at]));
    if (level < 4) {
      row.put(ratio(container.sums.letters, all.letters));
      row.put(link_density(container.sums));
      row.put(ratio(container.sums.paragraph_letters, container.sums.letters));
      row.put(ratio(container.sums.letters, container.sums.blocks));
      row.put(static_cast<float>(same_shape_[at]));
    }
    at = container.parent;
  }
  row.put(most_alike);
  uint32_t up = block.container;  // levels up to where the best container begins
  int levels = 0;
  const Container& best = page_.containers[best_];
  while (levels < 30 && up != 0 && !(page_.containers[up].first_block <= best.first_block && page_.containers[up].last_block >= best.last_block)) {
    up = page_.containers[up].parent;
    ++levels;
  }
  row.put(index >= best.first_block && index < best.last_block);
  row.put(static_cast<float>(levels));
  row.put(static_cast<float>(page_.containers[up].depth));
  return row.end();
}

float* BlockFeatures::put_neighbours(size_t i, float* at) const {
  Row row(at);
  const size_t n = page_.blocks.size();
  for (const int offset : {-2, -1, 1, 2}) {
    const bool inside = offset < 0 ? i >= static_cast<size_t>(-offset) : i + static_cast<size_t>(offset) < n;
    if (!inside) {
      row.put(-1.0F), row.put(-1.0F), row.put(-1.0F);
      continue;
    }
    const Block& other = page_.blocks[offset < 0 ? i - static_cast<size_t>(-offset) : i + static_cast<size_t>(offset)];
    row.put(static_cast<float>(other.sums.letters));
    row.put(link_density(other.sums));
    row.put(static_cast<float>(other.kind));
  }
  TextSums before, after;
  for (size_t k = i > 5 ? i - 5 : 0; k < i; ++k) before.add(page_.blocks[k].sums);
  for (size_t k = i + 1; k < std::min(n, i + 6); ++k) after.add(page_.blocks[k].sums);
  row.put(static_cast<float>(before.letters));
  row.put(link_density(before));
  row.put(static_cast<float>(after.letters));
  row.put(link_density(after));
  return row.end();
}

float* BlockFeatures::put_place(size_t i, float* at) const {
  Row row(at);
  const Block& block = page_.blocks[i];
  row.put(ratio(static_cast<double>(i), static_cast<double>(page_.blocks.size())));
  row.put(ratio(letters_before_[i], page_.containers[0].sums.letters));
  row.put(first_h1_ == SIZE_MAX ? -1000.0F : std::clamp(static_cast<float>(i) - static_cast<float>(first_h1_), -500.0F, 500.0F));
  row.put(static_cast<float>(repeats_[i]));
  std::vector<uint64_t> words;
  if (block.sums.letters < 300) add_words(page_.text_of(block), words);
  size_t shared = 0;
  for (const uint64_t word : words) shared += title_words_.count(word);
  row.put(ratio(static_cast<double>(shared), static_cast<double>(words.size())));
  row.put(ratio(static_cast<double>(shared), static_cast<double>(title_words_.size())));
  return row.end();
}

void BlockFeatures::write_row(size_t i, float* out) const {
  static_assert(19 + 2 + 19 + kHintCount + 6 + 24 + 16 + 6 + 20 <= kFeatureCount);
  float* at = put_text(page_.blocks[i], out);
  at = put_boxes(page_.blocks[i], at);
  at = put_containers(i, at);
  at = put_neighbours(i, at);
  at = put_place(i, at);
  at = std::copy(page_values_.begin(), page_values_.end(), at);
  std::fill(at, out + kFeatureCount, 0.0F);
}

void compute_context_features(const PageBlocks& page, const std::vector<float>& score, std::vector<float>& out) {
  const size_t n = page.blocks.size();
  out.assign(n * kContextFeatureCount, 0);
  // Letters and kept letters by container, by shape, and in the page.
  struct Sums {
    float weight = 0, kept = 0;
  };
  std::vector<Sums> sums(page.containers.size());
  std::unordered_map<uint64_t, Sums> shapes;
  const auto shape_of = [&](uint32_t container) {  // the container's and its parent's: the same box in every item of a list
    return uint64_t{page.containers[page.containers[container].parent].shape} << 32 | page.containers[container].shape;
  };
  for (size_t i = 0; i < n; ++i) {
    const Block& block = page.blocks[i];
    const float weight = static_cast<float>(block.sums.words) + 1;
    sums[block.container].weight += weight;
    sums[block.container].kept += weight * score[i];
    Sums& shape = shapes[shape_of(block.container)];
    shape.weight += weight;
    shape.kept += weight * score[i];
  }
  for (size_t c = page.containers.size(); c-- > 1;) {
    Sums& parent = sums[page.containers[c].parent];
    parent.weight += sums[c].weight;
    parent.kept += sums[c].kept;
  }
  const auto mean = [](const Sums& s) { return s.weight == 0 ? 0.0F : s.kept / s.weight; };
  for (size_t i = 0; i < n; ++i) {
    float* at = &out[i * kContextFeatureCount];
    *at++ = score[i];
    for (const int offset : {-3, -2, -1, 1, 2, 3}) {
      const bool inside = offset < 0 ? i >= static_cast<size_t>(-offset) : i + static_cast<size_t>(offset) < n;
      *at++ = inside ? score[offset < 0 ? i - static_cast<size_t>(-offset) : i + static_cast<size_t>(offset)] : -1.0F;
    }
    for (const int side : {-1, 1}) {  // ten blocks before and after, by words
      Sums window;
      for (int k = 1; k <= 10; ++k) {
        const int64_t at_block = static_cast<int64_t>(i) + side * k;
        if (at_block < 0 || at_block >= static_cast<int64_t>(n)) break;
        const float weight = static_cast<float>(page.blocks[static_cast<size_t>(at_block)].sums.words) + 1;
        window.weight += weight;
        window.kept += weight * score[static_cast<size_t>(at_block)];
      }
      *at++ = mean(window);
    }
    uint32_t container = page.blocks[i].container;
    for (int level = 0; level < 6; ++level) {
      *at++ = mean(sums[container]);
      container = page.containers[container].parent;
    }
    *at++ = mean(shapes[shape_of(page.blocks[i].container)]);
    *at++ = mean(sums[0]);
    *at++ = sums[0].kept;
  }
}

}  // namespace ftok::html
