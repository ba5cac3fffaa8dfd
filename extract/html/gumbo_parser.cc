// gumbo takes its memory from an arena that is dropped at once after its tree has been copied. When the arena is full
// the allocator leaves the parse by longjmp: gumbo knows no failed allocation, all it holds lies in the arena, and no
// C++ object lives in the frames that are left. Errors are not recorded: gumbo keeps a copy of the stack of open
// elements with each.
#include "extract/html/gumbo_parser.h"

#include <gumbo.h>

#include <csetjmp>
#include <string>
#include <vector>

#include "extract/html/prescan.h"

namespace ftok::html {

namespace {

struct GumboMemory {
  Arena arena;
  uint64_t bytes_max = 0;
  std::jmp_buf full;
};

void* allocate(void* memory, size_t size) {
  auto* m = static_cast<GumboMemory*>(memory);
  if (m->arena.bytes() + size > m->bytes_max) std::longjmp(m->full, 1);
  return m->arena.allocate((size + 15) & ~size_t{15});
}

void release(void*, void*) {}

// A plain function without C++ objects of its own, so that longjmp leaves nothing undone.
GumboOutput* run_gumbo(const GumboOptions& options, GumboMemory& memory, const char* bytes, size_t size) {
  if (setjmp(memory.full) != 0) return nullptr;
  return gumbo_parse_with_options(&options, bytes, size);
}

class Copier {
 public:
  explicit Copier(Dom& dom) : dom_(dom) {}

  void copy_document(const GumboNode* document) {
    const GumboDocument& d = document->v.document;
    if (d.has_doctype) dom_.append_child(Dom::kRoot, dom_.add(NodeKind::kDoctype, dom_.arena().copy(d.name)));
    struct Frame {
      const GumboVector* children;
      unsigned next;
      NodeId parent;
    };
    std::vector<Frame> frames{{&d.children, 0, Dom::kRoot}};
    while (!frames.empty()) {
      Frame& frame = frames.back();
      if (frame.next == frame.children->length) {
        frames.pop_back();
        continue;
      }
      const auto* child = static_cast<const GumboNode*>(frame.children->data[frame.next++]);
      const NodeId id = copy_node(child);
      dom_.append_child(frame.parent, id);
      if (child->type == GUMBO_NODE_ELEMENT || child->type == GUMBO_NODE_TEMPLATE) {
        frames.push_back({&child->v.element.children, 0, id});
      }
    }
  }

 private:
  NodeId copy_node(const GumboNode* node) {
    switch (node->type) {
      case GUMBO_NODE_ELEMENT:
      case GUMBO_NODE_TEMPLATE: return copy_element(node->v.element);
      case GUMBO_NODE_COMMENT: return dom_.add(NodeKind::kComment, dom_.arena().copy(node->v.text.text));
      default: return dom_.add(NodeKind::kText, dom_.arena().copy(node->v.text.text));
    }
  }

  NodeId copy_element(const GumboElement& element) {
    std::string name;
    if (element.tag != GUMBO_TAG_UNKNOWN) {
      name = gumbo_normalized_tagname(element.tag);
    } else {
      GumboStringPiece piece = element.original_tag;
      gumbo_tag_from_original_text(&piece);
      name.assign(piece.data == nullptr ? "" : piece.data, piece.length);
      for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    }
    const Tag tag = find_tag(name);
    const Namespace name_space = element.tag_namespace == GUMBO_NAMESPACE_HTML  ? Namespace::kHtml
                                 : element.tag_namespace == GUMBO_NAMESPACE_SVG ? Namespace::kSvg
                                                                                : Namespace::kMathMl;
    const NodeId id = dom_.add_element(tag, tag == Tag::kUnknown ? dom_.arena().copy(name) : name_of(tag), name_space);
    for (unsigned i = 0; i < element.attributes.length; ++i) {
      const auto* attribute = static_cast<const GumboAttribute*>(element.attributes.data[i]);
      dom_.add_attribute(id, copy_name(attribute->name), dom_.arena().copy(attribute->value));
    }
    return id;
  }

  std::string_view copy_name(std::string_view name) {
    const AttributeName known = find_attribute(name);
    return known == AttributeName::kUnknown ? dom_.arena().copy(name) : name_of(known);
  }

  Dom& dom_;
};

}  // namespace

bool has_gumbo() { return true; }

ParseResult parse_with_gumbo(std::string_view html, const ParseLimits& limits, Dom& dom) {
  dom.clear();
  ParseResult result = prescan(html, limits);
  if (result.status != ParseStatus::kDone) return result;
  GumboMemory memory;
  memory.bytes_max = limits.arena_bytes_max;
  GumboOptions options = kGumboDefaultOptions;
  options.allocator = allocate;
  options.deallocator = release;
  options.userdata = &memory;
  options.max_errors = 0;
  const GumboOutput* output = run_gumbo(options, memory, html.data(), html.size());
  if (output == nullptr) {
    result.status = ParseStatus::kTooMuchMemory;
    result.value = result.limit = static_cast<double>(limits.arena_bytes_max);
    result.arena_bytes = memory.arena.bytes();
    return result;
  }
  Copier(dom).copy_document(output->document);
  result.steps += dom.size();
  result.arena_bytes = memory.arena.bytes() + dom.bytes();
  return result;
}

}  // namespace ftok::html
