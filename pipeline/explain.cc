#include "pipeline/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/error.h"
#include "core/shown.h"
#include "crawl/input_format.h"
#include "crawl/source.h"
#include "pipeline/inputs.h"

namespace ftok {
namespace {

// Passes over `count` stored bytes, so that a record can be read from its offset.
void pass_over(ByteSource& source, uint64_t count) {
  std::string block(1 << 16, '\0');
  for (uint64_t left = count; left > 0;) {
    const size_t got = source.read(block.data(), std::min<uint64_t>(left, block.size()));
    if (got == 0) throw UsageError(fmt::format("--record: {} is shorter than {} bytes", source.name(), count));
    left -= got;
  }
}

// Row `row` of a table: its numbers are not places in the file.
Item read_row_at(const std::string& input, uint64_t row, const SourceOptions& options, const Log& log) {
  const std::unique_ptr<Source> source = make_source(open_input(input, log), options);
  uint64_t rows = 0;
  for (Item item; source->next(item); item = Item(), ++rows) {
    if (item.document.offset == row) return item;
  }
  throw UsageError(fmt::format("--record: {} has {} rows, the first is 1", input, rows));
}

bool has_rows(const std::string& input, const SourceOptions& options) {
  std::error_code code;
  return std::filesystem::is_regular_file(input, code) &&
         tell_input_format(open_file_source(input), options).locator == Locator::kRow;
}

}  // namespace

Explanation explain_document(const Plan& plan, Item& item, size_t page_bytes_max) {
  Explanation explanation;
  Document& document = item.document;
  for (const auto& stage : plan.stages) {
    StageAccount& account = explanation.stages.emplace_back();
    account.stage = stage->name();
    if (document.html.empty() && explanation.extracted.empty()) explanation.extracted = document.text;
    if (!document.html.empty() && document.html.size() <= page_bytes_max) explanation.page = document.html;
    account.verdict = stage->process(document, &account.report);
    account.summary = stage->summary(document);
    if (explanation.extracted.empty()) explanation.extracted = document.text;
    if (!account.verdict.kept() && explanation.first.kept()) {
      explanation.first = account.verdict;
      for (const Measurement& m : account.report.measurements) {
        if (m.drops && m.rule.view() == account.verdict.reason.view()) explanation.decided.push_back(m);
      }
    }
    if (account.verdict.kind == Verdict::Kind::kSkip || (document.html.empty() && document.text.empty())) break;
  }
  return explanation;
}

Item read_record_at(const std::string& input, uint64_t offset, const Plan& plan, const Log& log) {
  SourceOptions options = plan.source;
  options.file_path = shown_input(input);
  options.dump = dump_of(input);
  if (has_rows(input, options)) return read_row_at(input, offset, options, log);
  std::unique_ptr<ByteSource> bytes = open_input(input, log);
  pass_over(*bytes, offset);
  const std::unique_ptr<Source> source = make_source(std::move(bytes), options);
  Item item;
  if (!source->next(item)) throw Error(fmt::format("{}: no record at byte {}", input, offset));
  item.document.offset = offset;
  return item;
}

}  // namespace ftok
