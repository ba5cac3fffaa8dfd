// What the scorer knows of a page as a whole: which container holds its running text, which block is its title, which
// containers are the items of a listing, how the words around and in a block are weighed. Computed once per page, read
// by features.cc.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "extract/content/blocks.h"

namespace ftok::html {

// What metadata says that helps to tell a page's kind.
struct PageFacts {
  PageFacts(std::string_view title_text, std::string_view schema_type, std::string_view open_graph_type,
            std::string_view own_address = {})
      : title(title_text), json_ld_type(schema_type), og_type(open_graph_type), address(own_address) {}

  std::string_view title;
  std::string_view json_ld_type;    // schema.org type, "" where none
  std::string_view og_type;         // OpenGraph type, "" where none
  std::string_view address;         // what the page calls its own or came from, "" where nothing says so
  std::string_view document_title;  // <title>
  std::string_view description;     // of <meta>, OpenGraph or JSON-LD

  bool is_forum() const { return has("Forum") || has("QAPage"); }
  bool is_article() const { return !is_forum() && (og_type == "article" || has("Article") || has("Posting")); }
  bool has_article_type() const { return !is_forum() && (has("Article") || has("Posting")); }  // schema.org's type
  bool is_product() const {
    return has("Product") || og_type.find("product") != std::string_view::npos ||
           og_type.find("item") != std::string_view::npos;
  }

 private:
  bool has(std::string_view part) const { return json_ld_type.find(part) != std::string_view::npos; }
};

// Items of one shape below one parent.
struct ItemGroup {
  uint32_t items = 0;
  uint32_t letters = 0, link_letters = 0, images = 0;
};

// Weights (word_model.h) of a container's own names, and of those on the way to it from the root.
struct NameWeights {
  float own_min = 0, own_max = 0, path_min = 0, path_max = 0, path_sum = 0;
};

struct PhraseWeights {
  float sum = 0, min = 0, max = 0;
};

struct TitleShare {
  float of_block = 0, of_title = 0;  // words in common, over those of each
};

constexpr uint32_t kNone = UINT32_MAX;

struct PageStructure {
  PageStructure(const PageBlocks& page, const PageFacts& facts);

  bool contains(uint32_t container, uint32_t block) const {
    return page.containers[container].first_block <= block && block < page.containers[container].last_block;
  }

  bool holds_best(uint32_t container) const {
    return container == 0 || (page.containers[container].first_block <= page.containers[best].first_block &&
                              page.containers[container].last_block >= page.containers[best].last_block);
  }
  // The last container on the way up from a block that does not hold the best one; the block's own where that does.
  uint32_t branch_of(uint32_t block) const { return branches[page.blocks[block].container]; }

  // Containers of this one's shape below its parent, itself included.
  uint32_t items_like(uint32_t container) const { return groups[group_of[container]].items; }

  const PageBlocks& page;
  uint32_t best = 0;             // the container of most running text
  uint32_t title_block = kNone;  // the heading that says what the page's <title> says; else the first h1
  uint32_t first_h1 = kNone;
  std::vector<uint32_t> group_of;        // by container, index into groups
  std::vector<uint32_t> place_in_group;  // by container
  std::vector<ItemGroup> groups;
  // By container: the nearest around it, itself included, that has two like it or more below its parent and is neither
  // a paragraph nor a heading; 0 without.
  std::vector<uint32_t> item_of;
  std::vector<uint32_t> branches;  // by container: see branch_of
  std::vector<uint32_t> stems;     // by container: the first on the way up, itself included, that holds the best one
  std::vector<NameWeights> names;  // by container
  std::vector<PhraseWeights> phrases;     // by block
  std::vector<TitleShare> title_shares;   // by block
  std::vector<float> description_shares;  // by block: words it has in common with the page's description, over its own
  std::vector<uint32_t> repeats;          // by block: blocks of this text
  std::vector<uint32_t> letters_before, link_letters_before;  // by block, and of all at the end
  std::vector<uint32_t> heading_before;                       // by block: the last heading above it, or kNone
  std::vector<uint32_t> paragraph_before,
      paragraph_after;                             // by block: the nearest of 80 letters and more (TextSums), or kNone
  std::vector<uint32_t> paragraph_letters_before;  // by block

 private:
  void find_best_container();
  void group_items();
  void find_branches();
  void weigh_names();
  void find_paragraphs();
  void read_texts(const PageFacts& facts);
};

}  // namespace ftok::html
