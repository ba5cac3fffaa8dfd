// `ftok vocab convert`: a vocabulary in the form of another program.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>

#include "core/error.h"
#include "core/file.h"
#include "core/refuse_to_overwrite.h"
#include "tokenizer/vocabulary.h"
#include "tools/ftok/terminal.h"
#include "tools/ftok/vocab_commands.h"
#include "tools/ftok/vocabulary_source.h"

namespace ftok::cli {
namespace {

struct VocabConvertFlags {
  VocabularyFlags vocabulary;
  std::string name, output;
};

void run(VocabConvertFlags flags) {
  if (!flags.name.empty()) flags.vocabulary.vocab = flags.name;
  const std::string& path = flags.vocabulary.vocab;
  for (const std::string& written : {flags.output, sidecar_path(flags.output)})
    refuse_to_overwrite("--output", written, {path, sidecar_path(path)});
  const Vocabulary vocabulary = load_named_vocabulary(path, flags.vocabulary);
  const std::filesystem::path output(flags.output);
  if (vocabulary.surrounds_texts() && (output.extension() != ".json" || output.filename() == "encoder.json")) {
    note(
        "ftok: {}: the tokens that its post-processor puts around every text are left out: {} cannot "
        "say them\n",
        path, output.filename().string());
  }
  if (output.extension() == ".tiktoken") {
    const std::optional<Vocabulary> implied = with_implied_merges(vocabulary);
    if (!implied) {
      throw Error(fmt::format(
          "{}: its merges are a list of their own, which .tiktoken cannot express; convert to tokenizer.json", path));
    }
    if (vocabulary.normalize_nfc)
      throw Error(fmt::format("{}: it normalises text to NFC first, which .tiktoken cannot express", path));
    write_vocabulary(*implied, flags.output);
  } else if (output.extension() == ".json" && output.filename() != "encoder.json") {
    write_output(flags.output, format_tokenizer_json(vocabulary));
  } else if (output.filename() == "vocab.bpe" || output.filename() == "encoder.json") {
    if (vocabulary.normalize_nfc)
      throw Error(fmt::format("{}: it normalises text to NFC first, which vocab.bpe cannot express", path));
    const Gpt2Files files = format_gpt2(vocabulary);
    // The pair is there whole or not at all: a new half is never beside an old one.
    remove_file((output.parent_path() / "encoder.json").string());
    write_output((output.parent_path() / "vocab.bpe").string(), files.vocab_bpe);
    write_output((output.parent_path() / "encoder.json").string(), files.encoder_json);
  } else {
    throw UsageError(
        fmt::format("--output: got '{}', expected V.tiktoken, V.json (a tokenizer.json) or vocab.bpe", flags.output));
  }
}

}  // namespace

void add_vocab_convert_command(CLI::App& parent) {
  CLI::App* command =
      parent.add_subcommand("convert", "Write a vocabulary in another format, given by the output's name");
  const auto flags = std::make_shared<VocabConvertFlags>();
  flags->vocabulary.add_to(*command);
  command->add_option("V", flags->name, "Vocabulary, as for --vocab");
  command
      ->add_option(
          "-o,--output", flags->output,
          "V.tiktoken (its sidecar V.json beside it), V.json (tokenizer.json), or vocab.bpe (encoder.json beside it)")
      ->required();
  command->footer(
      "Examples:\n  ftok vocab convert ftok-100k --output tokenizer.json\n  ftok vocab convert gpt2/vocab.bpe --output "
      "gpt2.tiktoken");
  command->callback([flags] { run(*flags); });
}

}  // namespace ftok::cli
