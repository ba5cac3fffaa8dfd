#include "view/explain_answers.h"

#include <algorithm>
#include <filesystem>

#include "core/error.h"
#include "core/hash_seed.h"
#include "core/json.h"
#include "core/shown.h"
#include "crawl/source.h"
#include "extract/extract.h"
#include "extract/report.h"
#include "pipeline/explain.h"
#include "pipeline/inputs.h"
#include "pipeline/make_plan.h"
#include "view/view_answers.h"

namespace ftok {
namespace {

constexpr size_t kPageBytesMax = size_t{8} << 20, kTextBytesMax = size_t{1} << 20;
constexpr size_t kBlocksMax = 4000, kBlockBytesMax = 20'000;

std::string_view cut(std::string_view text, size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  return text.substr(0, most);
}

void write_measurement(JsonWriter& json, const Measurement& m) {
  json.begin_object().field("rule", m.rule).field("relation", m.relation).field("value", m.value);
  json.field("threshold", m.threshold).field("drops", m.drops);
  if (!m.detail.empty()) json.field("detail", m.detail);
  json.end_object();
}

void write_page(JsonWriter& json, const std::string& page, const RecipeConfig& recipe) {
  ExtractOptions options;
  for (const RecipeEntry& entry : recipe.entries) {
    if (const auto* const named = entry.get<ExtractOptions>()) options = *named;
  }
  const ExtractionReport report = report_blocks(page, options);
  json.key("page").begin_object().field("title", report.title).field("cut", double{report.cut});
  if (!report.failure.empty()) json.field("failure", report.failure);
  json.field("blocks_in_all", uint64_t{report.blocks.size()}).key("blocks").begin_array();
  for (size_t i = 0; i < std::min(report.blocks.size(), kBlocksMax); ++i) {
    const ReportedBlock& block = report.blocks[i];
    json.begin_object().field("kept", block.is_kept).field("text", cut(block.text, kBlockBytesMax));
    json.field("score", double{block.score}).field("why", block.why).field("path", block.path).end_object();
  }
  json.end_array().end_object();
}

}  // namespace

// The plan that the run was made with, without its second half.
void RunExplain::load() {
  if (plan_) return;
  const std::string recipe = look_.folder().facts()->recipe;
  if (recipe.empty()) throw ViewRefusal{404, "the run's recipe is not known"};
  auto config = std::make_unique<RecipeConfig>(parse_recipe(recipe, "recipe of the run"));
  PlanOptions options;
  options.context = context_;
  plan_ = std::make_unique<Plan>(make_plan(*config, options));
  recipe_ = std::move(config);
}

// The input that is that of the run: by its name, else by the last part of it where one alone has that.
std::string RunExplain::input_of(const std::string& file_path) const {
  const auto file = [](const std::string& path) { return std::filesystem::path(path).filename(); };
  std::string found;
  for (const std::string& input : inputs_) {
    if (shown_input(input) == file_path) return input;
    if (file(input) != file(file_path)) continue;
    if (!found.empty()) return "";
    found = input;
  }
  return found;
}

// Where the record of an id begins; UINT64_MAX where there is none. The first question reads the whole input.
uint64_t RunExplain::offset_of(const std::string& input, const std::string& id) {
  const auto [at, is_new] = offsets_.try_emplace(input);
  if (is_new) {
    const std::unique_ptr<Source> source = make_source(open_input(input, {}), plan_->source);
    for (Item item; source->next(item); item = {})
      at->second.emplace_back(seeded_hash(item.document.id), item.document.offset);
    std::sort(at->second.begin(), at->second.end());
  }
  const auto found = std::lower_bound(at->second.begin(), at->second.end(), std::pair(seeded_hash(id), uint64_t{0}));
  return found != at->second.end() && found->first == seeded_hash(id) ? found->second : UINT64_MAX;
}

bool RunExplain::read_record(const RunDocument& document, Item& item) {
  const std::string input = input_of(document.file_path);
  if (input.empty()) return false;
  try {
    const uint64_t offset = document.offset ? *document.offset : offset_of(input, document.id);
    if (offset == UINT64_MAX) return false;
    item = read_record_at(input, {offset, 0}, *plan_, {});
  } catch (const Error&) {
    return false;  // another file than it was, or one that is read from its beginning alone
  }
  return item.verdict.kept() && item.document.id == document.id;
}

std::string RunExplain::answer(const RunPlace& place) {
  const RunDocument document = look_.read(place);
  const std::lock_guard lock(mutex_);
  load();
  Item item;
  const bool has_record = read_record(document, item);
  if (!has_record) {
    if (document.text.empty()) {
      throw ViewRefusal{404,
                        "the run did not keep this text; ftok view --input FILE, with the input it was made of, "
                        "reads the record again"};
    }
    item = {};
    item.document.id = document.id;
    item.document.url = document.url;
    item.document.text = document.text;
  }
  const Explanation explanation = explain_document(*plan_, item, kPageBytesMax);
  JsonWriter json;
  json.begin_object().field("from", has_record ? "record" : "text").key("stages").begin_array();
  for (const StageAccount& account : explanation.stages) {
    json.begin_object().field("stage", account.stage).key("rules").begin_array();
    for (const Measurement& m : account.report.measurements) write_measurement(json, m);
    json.end_array();
    if (!account.verdict.kept()) json.field("reason", account.verdict.reason);
    if (!account.summary.empty()) json.field("summary", account.summary);
    json.end_object();
  }
  json.end_array().field("outcome", explanation.first.kept() ? "passes" : std::string(explanation.first.reason));
  json.key("decided").begin_array();
  for (const Measurement& m : explanation.decided) write_measurement(json, m);
  json.end_array().field("text", cut(item.document.text, kTextBytesMax));
  json.field("extracted", cut(explanation.extracted, kTextBytesMax));
  if (!explanation.page.empty()) write_page(json, explanation.page, *recipe_);
  return json.end_object().take();
}

}  // namespace ftok
