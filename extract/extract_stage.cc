#include "extract/extract_stage.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

namespace ftok {

Verdict ExtractStage::process(Document& document, Report* report) const {
  if (document.html.empty() && !document.text.empty()) return Verdict::keep();
  ExtractResult page = extract(document.html, options_, document.url);
  document.html.clear();
  document.html.shrink_to_fit();
  document.text = std::move(page.plain ? *page.plain : page.text);
  document.markdown = page.plain ? std::move(page.text) : std::string();
  document.lines = std::move(page.lines);
  document.mojibake = page.mojibake;
  document.title = std::move(page.metadata.title);
  document.author = std::move(page.metadata.author);
  document.published = std::move(page.metadata.published);
  document.site = std::move(page.metadata.site);
  document.html_language = std::move(page.metadata.html_language);
  document.canonical_url = std::move(page.metadata.canonical_url);
  document.description = std::move(page.metadata.description);
  document.license = std::move(page.metadata.license);
  document.license_source = std::move(page.metadata.license_source);
  if (report != nullptr) {
    report->measurements.push_back({"extract.steps", "", static_cast<double>(page.steps), 0, false, ""});
  }
  Judge judge(report);
  const auto drops_as = [&](const char* reason) {
    return page.drop_reason != nullptr && std::strcmp(page.drop_reason, reason) == 0;
  };
  const bool too_large = drops_as("extract.too_large");
  if (judge.rule(too_large, "extract.too_large", ">", too_large ? page.value : 0,
                 static_cast<double>(options_.bytes_max))) {
    return judge.verdict();
  }
  const bool too_complex = drops_as("extract.too_complex");
  if (judge.rule(too_complex, "extract.too_complex", ">", too_complex ? page.value : 0, too_complex ? page.limit : 0,
                 too_complex ? page.detail : "")) {
    return judge.verdict();
  }
  judge.rule(drops_as("extract.no_text"), "extract.no_text", "<=", static_cast<double>(document.text.size()), 0);
  return judge.verdict();
}

std::string ExtractStage::summary(const Document& document) const {
  return fmt::format("title '{}', {} bytes of text", document.title, document.text.size());
}

}  // namespace ftok
