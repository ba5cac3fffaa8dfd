#include "pipeline/tokenize/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/recipe.h"
#include "pipeline/shard_settings.h"
#include "pipeline/small_corpus.h"
#include "pipeline/tokenize/encode_block.h"
#include "shards/split_files.h"
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
  explicit ChatText(const ChatTemplate& form) : json(format_chat_template(form)) {}
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
    : folder_(options.output, run_binding(binding_of(options))), loss_masks_(options.recipe.chat.has_value()) {
  manifest_.validation_per_mille = static_cast<uint64_t>(options.recipe.shards.validation_per_mille);
  RunState state = take_up(options.inputs);
  move_only_document(folder_.path(), tally_.kept, options.recipe.shards.validation_per_mille, Split::kValidation,
                     state.shards);
  journal_.emplace(folder_.open_journal(state));
  remove_unlisted_shards(folder_.path(), state.shards);
  shards_ = std::make_unique<ShardWriter>(writer_options, std::move(state.shards));
  manifest_.software = {{"ftok", FTOK_VERSION}, {"unicode", kUnicodeVersion}};
  manifest_.recipe = recipe_text_of(options.recipe);
  manifest_.binding = folder_.binding_digest();
  manifest_.vocabulary = {options.encoding->name(), options.encoding->digest(), writer_options.vocabulary_size,
                          writer_options.end_of_text};
  describe_shards(writer_options, manifest_);
  manifest_.notes = options.encoding->vocabulary().warnings;
  if (!options.recipe.chat) {
    if (std::string note = note_of_surrounding_tokens(*options.encoding); !note.empty())
      manifest_.notes.push_back(std::move(note));
  }
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

// What is done of the inputs: inputs behind the last checkpoint are done again.
RunState TokenizeOutput::take_up(const std::vector<std::string>& inputs) {
  RunState state = folder_.committed(inputs, OutputFolder::GivenUp::kStay);
  state.parts.resize(state.parts_in_shards);
  position_ = state.position;
  for (const CommittedPart& part : state.parts) {
    manifest_.inputs.push_back({manifest_.inputs.size(), part.report, part.receipt});
    tally_.add(parse_input_report(part.report)->tally);
  }
  return state;
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
  const FileEntry file{fs::path(path).lexically_relative(folder_.path()).string(), text.size(), checksum_of(text)};
  CommittedPart part{0, receipt.kept(), file, receipt.report};
  journal_->add_part_with_checkpoint(receipt.number, part);
  manifest_.inputs.push_back({receipt.number, std::move(part.report), std::move(part.receipt)});
  tally_.add(position.report.tally);
}

void TokenizeOutput::checkpoint(const std::string& position) {
  const std::vector<ShardEntry> changed = shards_->checkpoint();
  position_ = position;
  journal_->add_checkpoint(changed, manifest_.inputs.size(), position);
}

bool TokenizeOutput::shard_completed() {
  const bool completed = shards_->shards_completed() != shards_completed_;
  shards_completed_ = shards_->shards_completed();
  return completed;
}

void TokenizeOutput::abandon() {
  checkpoint("");
  folder_.remove_work();
}

void TokenizeOutput::finish() {
  checkpoint("");
  manifest_.shards = shards_->shards();
  manifest_.parts_in_shards = manifest_.inputs.size();
  only_document_trains_ =
      move_only_document(folder_.path(), tally_.kept, static_cast<int64_t>(manifest_.validation_per_mille),
                         Split::kTrain, manifest_.shards);
  manifest_.split_files = write_split_files(shards_->options(), manifest_.shards);
  JsonWriter totals;
  totals.begin_object();
  tally_.write_fields(totals);
  totals.end_object();
  manifest_.totals = totals.take();
  write_file(folder_.manifest(), write_manifest(manifest_));
  remove_unlisted_shards(folder_.path(), manifest_.shards);
  folder_.finish();
}

std::vector<std::string> TokenizeOutput::shard_names() const {
  std::vector<std::string> names;
  for (const ShardEntry& entry : manifest_.shards) names.push_back(entry.shard.name);
  return names;
}

}  // namespace ftok
