#include "pipeline/tokenize/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/recipe.h"
#include "core/shown.h"
#include "pipeline/shard_settings.h"
#include "pipeline/tokenize/encode_block.h"
#include "text/unicode.h"

namespace ftok {
namespace {

namespace fs = std::filesystem;

// [tokenize] of the recipe's text.
struct OrderOptions {
  std::string order = "inputs";
  void visit(OptionVisitor& visitor) { visitor.field("order", order, "order of the documents"); }
};

// [chat] of the recipe's text: all that decides the tokens of a conversation.
struct ChatText {
  std::string json;
  explicit ChatText(const ChatTemplate& form) {
    JsonWriter writer;
    writer.begin_object()
        .field("begin", form.begin)
        .field("message", form.message)
        .field("end", form.end)
        .key("roles")
        .begin_object();
    for (const auto& [role, text] : form.roles) writer.field(role, text);
    writer.end_object().field("trim", form.trims_content).key("loss").begin_array();
    for (const std::string& role : form.loss_roles) writer.value(role);
    json = writer.end_array().end_object().take();
  }
  void visit(OptionVisitor& visitor) { visitor.field("template", json, "how conversations are written"); }
};

std::string recipe_text_of(const TokenizeRecipe& recipe) {
  TokenizeRecipe copy = recipe;
  RecipeWriter writer(false);
  OrderOptions order;
  if (recipe.shuffle) order.order = fmt::format("shuffle {}", *recipe.shuffle);
  writer.section("tokenize", order);
  writer.section("input", copy.input);
  writer.section("shards", copy.shards);
  if (recipe.chat) {
    ChatText chat(*recipe.chat);
    writer.section("chat", chat);
  }
  return bound_recipe(writer.text());
}

std::string binding_of(const TokenizeOptions& options) {
  return fmt::format("{}\n[digests]\nvocabulary = \"{} {}\"\n", recipe_text_of(options.recipe),
                     options.encoding->name(), options.encoding->digest());
}

ShardWriterOptions shard_options(const TokenizeOptions& options) {
  ShardWriterOptions shards = shard_writer_options(options.recipe.shards, *options.encoding, "--");
  shards.folder = options.output;
  shards.loss_masks = options.recipe.chat.has_value();
  return shards;
}

}  // namespace

TokenizeOutput::TokenizeOutput(const TokenizeOptions& options) : TokenizeOutput(options, shard_options(options)) {}

TokenizeOutput::TokenizeOutput(const TokenizeOptions& options, const ShardWriterOptions& writer_options)
    : folder_(options.output, binding_of(options)), loss_masks_(options.recipe.chat.has_value()) {
  has_manifest_ = fs::exists(folder_.manifest());
  if (has_manifest_) manifest_ = read_manifest(folder_.manifest());
  take_up(options.inputs);
  move_only_document(Split::kValidation);
  remove_unlisted_shards(folder_.path(), manifest_.shards);
  shards_ = std::make_unique<ShardWriter>(writer_options, manifest_.shards);
  manifest_.software = {{"ftok", FTOK_VERSION}, {"unicode", kUnicodeVersion}};
  manifest_.recipe = recipe_text_of(options.recipe);
  manifest_.binding = folder_.binding_digest();
  manifest_.vocabulary = {options.encoding->name(), options.encoding->digest(), writer_options.vocabulary_size,
                          writer_options.end_of_text};
  describe_shards(writer_options, manifest_);
  manifest_.validation_per_mille = static_cast<uint64_t>(options.recipe.shards.validation_per_mille);
}

void TokenizeOutput::add_document(Split split, std::string_view id, std::span<const uint32_t> tokens) {
  if (!loss_masks_) return shards_->add(split, id, tokens);
  ids_.clear(), loss_.clear();
  for (const uint32_t token : tokens) {
    ids_.push_back(token & ~EncodedBlock::kOutOfLoss);
    loss_.push_back((token & EncodedBlock::kOutOfLoss) == 0);
  }
  shards_->add(split, id, ids_, loss_);
}

void TokenizeOutput::take_up(const std::vector<std::string>& inputs) {
  for (size_t i = 0; i < manifest_.inputs.size(); ++i) {
    const Result<InputReport> report = parse_input_report(manifest_.inputs[i].report);
    if (!report.ok()) throw Error(fmt::format("{}: the report of input {} cannot be read", folder_.manifest(), i + 1));
    if (i >= inputs.size()) {
      throw UsageError(
          fmt::format("{} holds {} as input {}, the list ends before it; inputs may be appended, not removed",
                      folder_.path(), report->input, i + 1));
    }
    if (report->input != shown_input(inputs[i])) {
      throw UsageError(fmt::format("input {} of {} was {}, not {}; inputs may be appended, not reordered", i + 1,
                                   folder_.path(), report->input, shown_input(inputs[i])));
    }
    tally_.add(report->tally);
  }
  remove_receipts_from(manifest_.inputs.size());
}

// A book alone is for training; where inputs are appended to it, it is the first of several again, for validation. A
// shard's bytes do not say its split, so its files are copied under the other split's names, and go when the manifest
// lists those.
void TokenizeOutput::move_only_document(Split to) {
  const bool others = std::any_of(manifest_.shards.begin(), manifest_.shards.end(),
                                  [&](const ShardEntry& entry) { return entry.split == to; });
  if (tally_.kept != 1 || others || manifest_.validation_per_mille == 0 || manifest_.validation_per_mille == 1000)
    return;
  const std::string old_mark =
                        fmt::format("ftok_{}_", split_name(to == Split::kTrain ? Split::kValidation : Split::kTrain)),
                    mark = fmt::format("ftok_{}_", split_name(to));
  const auto copy = [&](FileEntry& file) {
    const std::string from = folder_.path() + "/" + file.name;
    file.name.replace(0, old_mark.size(), mark);
    write_file(folder_.path() + "/" + file.name, read_file(from));
  };
  for (ShardEntry& entry : manifest_.shards) {
    entry.split = to;
    copy(entry.shard), copy(entry.sidecar);
    if (entry.mask) copy(*entry.mask);
    for (FileEntry& companion : entry.companions) copy(companion);
  }
  write_file(folder_.manifest(), write_manifest(manifest_));
  only_document_trains_ = to == Split::kTrain;
}

// Receipts that a killed run wrote after its last checkpoint.
void TokenizeOutput::remove_receipts_from(size_t number) const {
  for (;; ++number) {
    const std::string receipt = part_paths(folder_.parts(), number).receipt;
    if (!fs::exists(receipt)) return;
    remove_file(receipt);
  }
}

void TokenizeOutput::add_receipt(const StreamPosition& position) {
  PartReceipt receipt;
  receipt.number = manifest_.inputs.size();
  receipt.binding = folder_.binding_digest();
  receipt.report = write_input_report(position.report);
  for (const Split split : kSplits) {
    const auto s = static_cast<size_t>(split);
    receipt.documents[s] = position.documents[s];
    receipt.tokens[s] = position.tokens[s];
  }
  const std::string path = part_paths(folder_.parts(), receipt.number).receipt;
  const std::string text = write_part_receipt(receipt);
  write_file(path, text);
  manifest_.inputs.push_back(
      {receipt.number,
       receipt.report,
       {fs::path(path).lexically_relative(folder_.path()).string(), text.size(), checksum_of(text)}});
  tally_.add(position.report.tally);
}

void TokenizeOutput::checkpoint(const std::string& position, const Tally& open) {
  manifest_.shards = shards_->checkpoint();
  manifest_.position = position;
  manifest_.parts_in_shards = manifest_.inputs.size();
  Tally total = tally_;
  total.add(open);
  JsonWriter totals;
  totals.begin_object();
  total.write_fields(totals);
  totals.end_object();
  manifest_.totals = totals.take();
  write_file(folder_.manifest(), write_manifest(manifest_));
}

bool TokenizeOutput::shard_completed() {
  const bool completed = shards_->shards_completed() != shards_completed_;
  shards_completed_ = shards_->shards_completed();
  return completed;
}

void TokenizeOutput::finish() {
  checkpoint("", {});
  move_only_document(Split::kTrain);
  remove_unlisted_shards(folder_.path(), manifest_.shards);
  folder_.remove_work();
}

std::vector<std::string> TokenizeOutput::shard_names() const {
  std::vector<std::string> names;
  for (const ShardEntry& entry : manifest_.shards) names.push_back(entry.shard.name);
  return names;
}

}  // namespace ftok
