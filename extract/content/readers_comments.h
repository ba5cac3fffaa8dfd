// Readers' comments: what readers wrote below an article, told by what its boxes, or their headings, say of themselves.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "extract/content/blocks.h"
#include "extract/content/page_structure.h"

namespace ftok::html {

// Whether an itemtype is schema.org's Comment, or its UserComments of old.
bool is_type_of_comments(std::string_view item_type);

// Whether an itemtype is one of schema.org's that only pages of a conversation have.
bool is_type_of_thread(std::string_view item_type);

// Whether an element is one of the site's own that is named so: "<reader-comments>".
bool is_element_of_comments(const Node& node);

// Whether a block is text in a box named as comments: not its buttons and dates.
bool is_comment(const PageBlocks& page, const Block& block);

// Whether the page says of itself that it is a conversation: by its type, its address or its title.
bool says_it_is_a_thread(const PageBlocks& page, const PageFacts& facts);

// Adds to `keep` what is left out of the posts of a page that calls itself a conversation: paragraphs that stand where
// others do of which most is kept.
void keep_posts(const PageBlocks& page, const PageFacts& facts, std::vector<uint8_t>& keep);

// Takes the comments out of `keep`, one entry a block. They go whatever their share of the page where an article comes
// before them: a few sentences at least, and no more behind them. Elsewhere (a product and its reviews, text between
// boxes so named) they go where the rest is the greater part. A page that is a conversation keeps its posts.
void drop_comments(const PageBlocks& page, const PageFacts& facts, std::vector<uint8_t>& keep);

}  // namespace ftok::html
