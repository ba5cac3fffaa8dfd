// ExtractStage: Document::html -> Document::text and the page's own fields. Documents that come with text (WET, JSONL)
// and without html pass untouched.
//
// Reasons: extract.too_large (bytes), extract.too_complex (depth, attributes, nodes, formatting, memory: named in
// detail), extract.no_text (nothing on the page is main content).
#pragma once

#include <string>
#include <string_view>

#include "document/stage.h"
#include "extract/extract.h"

namespace ftok {

class ExtractStage : public Stage {
 public:
  // Throws UsageError where `options` asks for a parser that this build does not have.
  explicit ExtractStage(ExtractOptions options) : options_(std::move(options)) { check_options(options_); }

  std::string_view name() const override { return "extract"; }
  using Stage::process;
  Verdict process(Document& document, Report* report) const override;
  std::string summary(const Document& document) const override;

 private:
  ExtractOptions options_;
};

}  // namespace ftok
