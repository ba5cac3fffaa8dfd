// What a page's schema.org type and its address say of its kind. Features of the scorer: numbers that a tree may cut,
// with no meaning beyond their order.
#pragma once

#include <string_view>

namespace ftok::html {

// 0 none, 1 a page or a site, 2 an article, 3 a recipe, event or course, 4 a product, 5 a list, 6 a company or service,
// 7 a conversation.
int kind_of_schema(std::string_view json_ld_type);

struct PathFacts {
  int depth = -1;  // parts of the path; 0 is the site's first page, -1 no address
  int kind = 0;    // of the words of the path: 0 none, 1 articles, 2 documentation, 3 a product, 4 a list, 5 a thread
  int slug_words = 0;  // of the last part, by its hyphens: "the-mill-at-weirside" has four
};

// `address` begins with a scheme, or nothing is known.
PathFacts read_path(std::string_view address);

}  // namespace ftok::html
