// Any bytes as a page or a fragment: the tree builder ends within its bounds and what it leaves is a tree. Links
// ftok::extract.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "extract/html/tree_builder.h"

namespace {

namespace html = ftok::html;

void expect(bool truth) {
  if (!truth) std::abort();
}

// Every link has its counterpart, and the walk in document order meets every attached node once.
void expect_tree(const html::Dom& dom) {
  size_t met = 0;
  for (html::NodeId id = html::Dom::kRoot; id != html::kNoNode; id = dom.next_in_order(id)) {
    expect(++met <= dom.size());
    const html::Node& node = dom[id];
    expect(node.first_child == html::kNoNode ||
           (dom[node.first_child].parent == id && dom[node.first_child].previous == html::kNoNode));
    expect(node.last_child == html::kNoNode ||
           (dom[node.last_child].parent == id && dom[node.last_child].next == html::kNoNode));
    expect(node.next == html::kNoNode || (dom[node.next].previous == id && dom[node.next].parent == node.parent));
    expect((node.first_child == html::kNoNode) == (node.last_child == html::kNoNode));
    if (node.is_text()) expect(node.size > 0 && node.first_child == html::kNoNode);
    size_t attributes = 0;
    for (const html::Attribute* a = dom.attributes(id); a != nullptr; a = a->last ? nullptr : a + 1)
      expect(++attributes <= 401);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view page(reinterpret_cast<const char*>(data) + 1, size - 1);
  static constexpr std::string_view kContexts[] = {"",   "",       "",         "",    "div",   "table",
                                                   "tr", "select", "template", "svg", "title", "frameset"};
  html::TreeOptions options;
  options.scripting = (data[0] & 1) != 0;
  options.context = kContexts[(data[0] >> 1) % 12];
  if (options.context == "svg") options.context_name_space = html::Namespace::kSvg;
  html::Dom dom;
  const html::ParseResult result = html::parse_with_tree_builder(page, {}, options, dom);
  expect(result.steps <= 10 * page.size() + 1100000);
  expect(result.arena_bytes <= 20 * page.size() + (1 << 20));
  if (result.status == html::ParseStatus::kDone) expect_tree(dom);
  return 0;
}
