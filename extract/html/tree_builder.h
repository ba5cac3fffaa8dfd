// TreeBuilder: tokens to a tree (HTML Standard, section 13.2.6). One object per page. The insertion modes are in
// tree_builder_modes.cc (head, frames, after the body), tree_builder_body.cc (in body), tree_builder_tables.cc (tables,
// template), tree_builder_select.cc (<selectedcontent>) and tree_builder_foreign.cc (SVG, MathML); the stack of open
// elements, the list of active formatting elements and the places where nodes go are in tree_builder.cc.
//
// Where it departs from the standard: the children of a <template> hang from the element itself, text may come in
// adjacent nodes, and a page that meets a cap of ParseLimits ends there. Every walk over the stack is counted.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "extract/html/dom.h"
#include "extract/html/html_tokenizer.h"
#include "extract/html/parser.h"

namespace ftok::html {

// How to parse. A context element makes a fragment parse: the nodes come as children of an <html> element.
struct TreeOptions {
  bool scripting = false;
  std::string_view context;  // tag name of the context element; empty: a whole page
  Namespace context_name_space = Namespace::kHtml;
};

class TreeBuilder {
 public:
  TreeBuilder(std::string_view html, const ParseLimits& limits, const TreeOptions& options, Dom& dom);
  ParseResult build();
  bool quirks() const { return quirks_; }

 private:
  enum class Mode : uint8_t {
    // clang-format off
    kInitial, kBeforeHtml, kBeforeHead, kInHead, kInHeadNoscript, kAfterHead, kInBody, kText, kInTable, kInTableText,
    kInCaption, kInColumnGroup, kInTableBody, kInRow, kInCell, kInTemplate, kAfterBody,
    kInFrameset, kAfterFrameset, kAfterAfterBody, kAfterAfterFrameset
    // clang-format on
  };
  struct OpenElement {
    NodeId node = kNoNode;
    Tag tag = Tag::kUnknown;      // of an HTML element, else kUnknown
    Tag any_tag = Tag::kUnknown;  // whatever its namespace
    Namespace name_space = Namespace::kHtml;
    uint8_t flags = 0;  // OpenFlags
  };
  enum OpenFlags : uint8_t { kIsSpecial = 1, kIsBarrier = 2, kIsMathText = 4, kIsHtmlIntegration = 8 };
  struct ActiveFormatting {
    NodeId node = kNoNode;  // kNoNode: a marker
    Tag tag = Tag::kUnknown;
  };
  struct Place {
    NodeId parent = kNoNode;
    NodeId before = kNoNode;  // kNoNode: as the last child
  };
  enum class Scope : uint8_t { kDefault, kListItem, kButton, kTable };

  // Tokens.
  void dispatch();
  void process();  // the token by the rules of the current mode
  void process_as(Mode mode);
  void reprocess_in(Mode mode);
  void process_foreign();
  bool uses_html_rules() const;

  // One for each insertion mode.
  void in_initial();
  void before_html();
  void before_head();
  void in_head();
  void in_head_noscript();
  void after_head();
  void in_body();
  void in_text();
  void in_table();
  void in_table_text();
  void in_caption();
  void in_column_group();
  void in_table_body();
  void in_row();
  void in_cell();
  void in_template();
  void after_body();
  void in_frameset();
  void after_frameset();
  void after_after_body();
  void after_after_frameset();

  // Parts of "in body".
  void body_text();
  void body_start_tag();
  bool body_start_tag_rare();
  void body_end_tag();
  void any_other_end_tag();
  void any_other_start_tag();
  void start_list_item();
  void start_definition();
  bool start_of_raw_text();
  void start_second_body();
  void start_frameset();
  void start_form();
  void start_button();
  void start_nobr();
  void start_input();
  void start_select();
  void start_option();
  void fill_selected_contents();
  NodeId selected_option(NodeId select);
  void clone_children(NodeId from, NodeId to);
  void end_block();
  void end_form();
  void start_anchor();
  void adoption_agency(Tag tag);
  size_t last_formatting(Tag tag);
  void erase_formatting(size_t i);
  bool adopt_once(Tag tag);
  NodeId adopt_between(size_t place, size_t furthest, size_t& bookmark);
  void move_children(NodeId from, NodeId to);
  void replace_formatting(NodeId subject, NodeId element, size_t bookmark, Tag tag);
  void insert_open_behind(NodeId above, NodeId element, Tag tag);
  void merge_attributes(NodeId element);
  void start_raw_text(TextState state);
  void note_unended(Tag tag);
  void start_foreign(Namespace name_space);
  void foreign_start_tag();
  void foreign_end_tag();
  void table_start_tag();
  void clear_to(std::initializer_list<Tag> tags);
  void close_cell();
  void flush_table_text();
  bool is_quirky_doctype() const;

  // The stack of open elements.
  const OpenElement& top() const { return open_.back(); }
  bool top_is(Tag tag) const { return !open_.empty() && open_.back().tag == tag; }
  void push(NodeId node, Tag tag, Namespace name_space);
  void pop();
  void pop_until_popped(Tag tag);
  void pop_through(size_t index);  // this one and all above it
  void remove_from_stack(size_t index);
  size_t find_open(NodeId node) const;
  bool is_open(Tag tag) const { return open_count_[static_cast<size_t>(tag)] != 0; }
  bool in_scope(Tag tag, Scope scope = Scope::kDefault) const;
  bool heading_in_scope() const;
  void generate_implied_end_tags(Tag except = Tag::kUnknown);
  void generate_all_implied_end_tags();
  void close_p();
  void close_p_in_button_scope() {
    if (is_open(Tag::kP) && in_scope(Tag::kP, Scope::kButton)) close_p();
  }
  OpenElement adjusted_current() const;
  void reset_insertion_mode();
  void update_cdata();

  // The list of active formatting elements.
  void push_formatting(NodeId node, Tag tag);
  void push_marker() { formatting_.push_back({}); }
  void clear_to_marker();
  void reconstruct_formatting();
  bool equal_attributes(NodeId a, NodeId b) const;
  size_t find_formatting(NodeId node) const;

  // Where nodes go.
  Place appropriate_place(NodeId override_target = kNoNode);
  void insert_at(const Place& place, NodeId node);
  NodeId make_element(Namespace name_space);
  NodeId insert_element(Namespace name_space = Namespace::kHtml);
  NodeId insert_named(Tag tag);  // without a token: <html>, <head>, <p>
  NodeId clone_element(NodeId original);
  void insert_void_element() { insert_element(), pop(); }
  void insert_text(std::string_view text);
  void insert_comment(const Place& place);
  void insert_comment() { insert_comment(appropriate_place()); }
  std::string_view take_leading_space();
  std::string_view without_nul(std::string_view text);
  std::string_view with_replaced_nul(std::string_view text);
  void drop_attributes();
  void step(uint64_t count = 1) const { steps_ += count; }
  void check_caps() {
    const bool exceeds = open_.size() > limits_.depth_max || formatting_.size() > limits_.formatting_max ||
                         dom_.size() > limits_.nodes_max || steps_ > steps_max_;
    if (exceeds) fail_for_cap();
  }
  void fail_for_cap();
  void fail(ParseStatus status, double value, double limit);

  Dom& dom_;
  ParseLimits limits_;
  TreeOptions options_;
  Tokenizer tokenizer_;
  Token token_;
  uint64_t input_bytes_;
  mutable uint64_t steps_ = 0;
  uint64_t steps_max_;
  ParseResult result_;

  std::vector<OpenElement> open_;
  std::array<uint16_t, 256> open_count_{};  // by tag, of HTML elements
  std::vector<ActiveFormatting> formatting_;
  std::vector<Mode> template_modes_;
  std::vector<std::string_view> table_text_;
  std::vector<NodeId> selected_contents_;  // elements <selectedcontent>
  OpenElement context_;
  NodeId head_ = kNoNode, form_ = kNoNode;
  Mode mode_ = Mode::kInitial, original_mode_ = Mode::kInitial;
  uint64_t raw_text_at_ = 0;  // where the content of the last element of raw text begins
  bool frameset_ok_ = true, foster_ = false, quirks_ = false, skip_newline_ = false;
};

// Adjustments of names in foreign content (section 13.2.6.5): "foreignobject" -> "foreignObject".
std::string_view adjust_svg_tag(std::string_view lower);
std::string_view adjust_foreign_attribute(std::string_view lower, Namespace name_space);

// parse_html (parser.h) by this builder.
ParseResult parse_with_tree_builder(std::string_view html, const ParseLimits& limits, const TreeOptions& options,
                                    Dom& dom);

}  // namespace ftok::html
