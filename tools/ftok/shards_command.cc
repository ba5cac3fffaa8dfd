// `ftok shards inspect|verify|cat|convert`: what is in token shards, whether it is whole, the documents themselves, and
// the same shards in another trainer's format.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <span>

#include "core/error.h"
#include "core/json.h"
#include "core/recipe.h"
#include "core/shown.h"
#include "shards/convert.h"
#include "shards/manifest.h"
#include "shards/missing_shards.h"
#include "shards/reader.h"
#include "shards/verify.h"
#include "tokenizer/json_decoder.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/fetch_flags.h"
#include "tools/ftok/job_place.h"
#include "tools/ftok/laid_out.h"
#include "tools/ftok/number_list.h"
#include "tools/ftok/terminal.h"
#include "tools/ftok/vocabulary_source.h"

namespace ftok::cli {
namespace {

namespace fs = std::filesystem;

// The shards among the arguments: a folder stands for those in it, by name.
std::vector<std::string> shard_paths(const std::vector<std::string>& arguments) {
  std::vector<std::string> paths;
  for (const std::string& argument : arguments) {
    if (!fs::is_directory(argument)) {
      paths.push_back(argument);
      continue;
    }
    refuse_missing_shards(argument);
    const std::vector<std::string> inside = shards_in(argument);
    if (inside.empty()) throw Error(argument + " holds no shard (*.bin, *.ds, *.npy, *.mds)");
    paths.insert(paths.end(), inside.begin(), inside.end());
  }
  return paths;
}

// What a shard of another program does not say of itself.
struct HintFlags {
  std::string format;
  size_t token_bytes = 0;

  void add_to(CLI::App& command, const std::string& format_flag, const std::string& width_flag) {
    command.add_option(format_flag, format, "Format of SHARDS where neither they nor a manifest state it")
        ->check(CLI::IsMember(shard_format_names()));
    command.add_option(width_flag, token_bytes, "Bytes per token in SHARDS that do not state it: 2 or 4")
        ->check(CLI::IsMember({2, 4}));
  }
  ShardHints hints() const {
    if (format.empty() && token_bytes != 0) return {&find_shard_format("raw", "--shard-format"), token_bytes};
    return {format.empty() ? nullptr : &find_shard_format(format, "--shard-format"), token_bytes};
  }
};

struct InspectOptions {
  std::vector<std::string> paths;
  HintFlags hints;
  bool json = false;
  bool documents = false;
};

void print_documents(const ShardReader& reader) {
  const SidecarView& sidecar = *reader.sidecar();
  for (size_t row = 0; row < sidecar.size(); ++row) {
    const ShardDocument document = sidecar.document(row);
    const uint64_t here = sidecar.end(row) - document.begin;
    const bool goes_on = document.skipped + here < document.document_tokens;
    print("  {:>10}  {:>9} tokens  {}{}{}\n", document.begin, here, shown_field(document.id),
          document.skipped > 0 ? fmt::format("  (from token {})", document.skipped) : "",
          goes_on ? fmt::format("  (continues: {} in all)", document.document_tokens) : "");
  }
}

void inspect_json(const ShardReader& reader, const std::string& path, bool with_documents) {
  JsonWriter json;
  json.begin_object().field("path", path);
  for (const auto& [name, value] : reader.view().layout().notes) json.field(name, value);
  json.field("tokens", reader.view().size());
  json.field("token_bytes", static_cast<uint64_t>(reader.view().layout().token_bytes));
  json.field("largest_token", reader.view().largest_token());
  if (const SidecarView* sidecar = reader.sidecar()) {
    json.field("documents", static_cast<uint64_t>(sidecar->size())).field("checksum", sidecar->shard_checksum());
    if (with_documents) {
      json.key("rows").begin_array();
      for (size_t row = 0; row < sidecar->size(); ++row) {
        const ShardDocument document = sidecar->document(row);
        json.begin_object().field("id", document.id).field("begin", document.begin).field("end", sidecar->end(row));
        json.field("skipped", document.skipped).field("document_tokens", document.document_tokens).end_object();
      }
      json.end_array();
    }
  }
  json.field("format", reader.format().name()).end_object();
  print("{}\n", json.text());
}

// "magic 20240520, version 1", or the format's name where a shard says nothing of itself.
std::string notes_text(const ShardReader& reader) {
  std::string text;
  for (const auto& [name, value] : reader.view().layout().notes) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, value);
  }
  return text.empty() ? std::string(reader.format().name()) : text;
}

void inspect(const InspectOptions& options, const FetchedPaths& fetched) {
  for (const std::string& path : shard_paths(options.paths)) {
    const ShardReader reader(path, options.hints.hints());
    if (options.json) {
      inspect_json(reader, fetched.shown(path), options.documents);
      continue;
    }
    const std::string line = fmt::format(
        "{}: {} tokens of {} bytes ({}), largest id {}, {}\n", shown_field(fetched.shown(path)), reader.view().size(),
        reader.view().layout().token_bytes, printable(notes_text(reader)), reader.view().largest_token(),
        reader.sidecar() == nullptr ? "no sidecar" : fmt::format("{} documents", reader.sidecar()->size()));
    put_out(laid_out(line, stdout));
    if (options.documents && reader.sidecar() != nullptr) print_documents(reader);
  }
}

void verify(const std::vector<std::string>& paths, const ShardHints& hints) {
  const FetchedPaths fetched(paths);
  const auto print_finding = [&](const Finding& finding) {
    print("{}: {}\n", shown_field(fetched.shown(finding.path)), shown_field(fetched.shown(finding.what)));
  };
  size_t findings = 0;
  for (const std::string& path : fetched.paths()) {
    const Verification result = fs::is_directory(path) ? verify_folder(path, hints) : verify_file(path, hints);
    for (const Finding& finding : result.findings) print_finding(finding);
    for (const Finding& unchecked : result.unchecked) print_finding(unchecked);
    print("{}: {} files, {} bytes, {}\n", shown_field(fetched.shown(path)), result.files, result.bytes,
          result.findings.empty() ? "whole" : fmt::format("{} findings", result.findings.size()));
    findings += result.findings.size();
  }
  if (findings > 0) throw Error(fmt::format("{} findings", findings));
}

struct CatOptions {
  std::vector<std::string> paths;
  std::string vocabulary;
  std::string id;
  uint64_t limit = 0;
  uint32_t end_of_text = 50256;  // GPT-2's <|endoftext|>
  HintFlags hints;
  bool ids = false;
  bool json = false;
};

// What tokens are turned into text with: the vocabulary named, else the one that the manifest beside the first shard
// names.
class DocumentDecoder {
 public:
  explicit DocumentDecoder(const CatOptions& options) {
    VocabularyFlags flags;
    flags.vocab = options.vocabulary;
    const std::string first = shard_paths(options.paths).front();
    std::string name;
    if (const std::string path = manifest_path_of(first, name); !path.empty()) {
      const Manifest manifest = read_manifest(path);
      if (manifest.placement != EndOfText::kNone) end_of_text_ = manifest.vocabulary.end_of_text;
      if (flags.vocab.empty()) flags.vocab = manifest.vocabulary.name;
    }
    if (options.ids || flags.vocab.empty()) return;
    try {
      encoding_ = std::make_shared<const Encoding>(load_encoding(flags));
    } catch (const UsageError& error) {
      throw UsageError(fmt::format("{}; or print ids with --ids", error.what()));
    }
  }

  explicit operator bool() const { return encoding_ != nullptr; }

  // The text of a document or a piece of one, without the end-of-text token at its start or end.
  std::string operator()(std::span<const uint32_t> tokens) const { return encoding_->decode(text_of(tokens)); }

  // Appends it as a JSON string.
  void append_json(std::span<const uint32_t> tokens, std::string& out) {
    if (json_ == nullptr) json_ = std::make_unique<const JsonDecoder>(*encoding_);
    json_->append(text_of(tokens), out);
  }

 private:
  std::span<const uint32_t> text_of(std::span<const uint32_t> tokens) const {
    if (!tokens.empty() && tokens.front() == end_of_text_) tokens = tokens.subspan(1);
    if (!tokens.empty() && tokens.back() == end_of_text_) tokens = tokens.first(tokens.size() - 1);
    return tokens;
  }

  std::shared_ptr<const Encoding> encoding_;
  std::unique_ptr<const JsonDecoder> json_;  // when it is first needed
  std::optional<uint64_t> end_of_text_;
};

// One document of one shard, or the piece of it that lies there.
struct Piece {
  std::string_view id;
  uint64_t begin = 0, end = 0, skipped = 0, document_tokens = 0;
};

// Calls visit(piece) for each, whose id lives as long, until it returns false; returns whether it did not.
template <typename Visit>
bool for_each_piece(const ShardReader& reader, uint32_t end_of_text, const Visit& visit) {
  if (const SidecarView* sidecar = reader.sidecar()) {
    for (size_t row = 0; row < sidecar->size(); ++row) {
      const ShardDocument document = sidecar->document(row);
      if (!visit({document.id, document.begin, sidecar->end(row), document.skipped, document.document_tokens}))
        return false;
    }
    return true;
  }
  const std::string name = fs::path(reader.path()).filename().string();
  const std::vector<uint64_t> begins = reader.view().document_begins(end_of_text, reader.format().end_of_text());
  for (size_t i = 0; i < begins.size(); ++i) {
    const uint64_t end = i + 1 < begins.size() ? begins[i + 1] : reader.view().size();
    if (!visit({fmt::format("{}#{}", name, i), begins[i], end, 0, end - begins[i]})) return false;
  }
  return true;
}

class Cat {
 public:
  explicit Cat(const CatOptions& options) : options_(options), decode_(options), numbers_(options.json ? ',' : ' ') {}

  // Prints the documents of the shards in order; one that continues in the next shard given is joined.
  void run() {
    buffer_output();
    for (const std::string& path : shard_paths(options_.paths)) {
      const ShardReader reader(path, options_.hints.hints());
      const bool goes_on =
          for_each_piece(reader, options_.end_of_text, [&](const Piece& piece) { return take(reader, piece); });
      if (!goes_on) return;
    }
    print_open();
  }

 private:
  bool take(const ShardReader& reader, const Piece& piece) {  // false: enough
    const bool continues = is_open_ && piece.id == id_ && piece.skipped == first_.skipped + taken_;
    if (!continues) {
      if (!print_open()) return false;
      is_open_ = true;
      id_ = piece.id;
      first_ = piece;
      taken_ = 0;
    }
    const auto count = static_cast<size_t>(piece.end - piece.begin);
    if (is_wanted()) {
      if (tokens_.size() < taken_ + count) tokens_.resize(taken_ + count);
      reader.view().read(piece.begin, piece.end, std::span(tokens_).subspan(taken_, count));
    }
    taken_ += count;
    const bool goes_on = first_.skipped + taken_ < piece.document_tokens;
    return goes_on || print_open();
  }

  bool is_wanted() const { return options_.id.empty() || id_ == options_.id; }

  bool print_open() {
    if (!is_open_) return true;
    if (is_wanted()) {
      print(std::span<const uint32_t>(tokens_).first(taken_));
      ++printed_;
    }
    is_open_ = false;
    return options_.limit == 0 || printed_ < options_.limit;
  }

  void print(std::span<const uint32_t> tokens) {
    if (options_.json) {
      line_ = "{\"id\":";
      append_json_string(line_, id_);
      fmt::format_to(std::back_inserter(line_), R"(,"begin":{},"skipped":{},"document_tokens":{},"tokens":[)",
                     first_.begin, first_.skipped, first_.document_tokens);
      line_.append(numbers_.write(tokens)).push_back(']');
      if (decode_) decode_.append_json(tokens, line_ += ",\"text\":");
      put_out(line_ += "}\n");
      return;
    }
    const bool whole = first_.skipped == 0 && tokens.size() == first_.document_tokens;
    cli::print("--- {}: {} tokens{}\n", shown_field(id_), tokens.size(),
               whole ? "" : fmt::format(", from token {} of {}", first_.skipped, first_.document_tokens));
    if (decode_) {
      put_text(decode_(tokens));
    } else {
      put_out(numbers_.write(tokens));
    }
    put_out("\n");
  }

  const CatOptions& options_;
  DocumentDecoder decode_;
  NumberList numbers_;
  std::string line_;              // of JSON, whose memory the next one takes over
  bool is_open_ = false;          // the document at hand
  std::string id_;                // its own
  Piece first_;                   // its first piece, but for the id
  size_t taken_ = 0;              // tokens of it so far
  std::vector<uint32_t> tokens_;  // these, where it is wanted; may have more
  uint64_t printed_ = 0;
};

void add_inspect(CLI::App& shards) {
  CLI::App* command = shards.add_subcommand("inspect", "Print header, counts and documents of shards");
  auto options = std::make_shared<InspectOptions>();
  command->add_option("PATH", options->paths, "shards, or folders of them; also s3:// addresses, which are fetched")
      ->required();
  command->add_flag("--documents", options->documents, "list each document: first token, tokens, id");
  command->add_flag("--json", options->json, "print one JSON object per shard");
  options->hints.add_to(*command, "--shard-format", "--token-bytes");
  command->callback([options] {
    const FetchedPaths fetched(options->paths);
    options->paths = fetched.paths();
    fetched.named([&] { inspect(*options, fetched); });
  });
}

void add_verify(CLI::App& shards) {
  CLI::App* command =
      shards.add_subcommand("verify", "Check every byte of an output folder, or of single files, against its checksum");
  const auto options = std::make_shared<InspectOptions>();
  command
      ->add_option("PATH", options->paths,
                   "output folders of `ftok run`, folders of shards, jobs, shards, sidecars, parts' files; also s3:// "
                   "addresses")
      ->required();
  options->hints.add_to(*command, "--shard-format", "--token-bytes");
  command->callback([options] { verify(options->paths, options->hints.hints()); });
  command->footer("Exit 0 when all is whole, 1 when anything is missing, damaged or not listed.");
}

void add_cat(CLI::App& shards) {
  CLI::App* command = shards.add_subcommand("cat", "Print the documents of shards");
  auto options = std::make_shared<CatOptions>();
  command->add_option("PATH", options->paths, "shards in order, or folders of them")->required();
  command->add_option(
      "-v,--vocab", options->vocabulary,
      "decode with this vocabulary: a name or a file; default: the one manifest.json names, else ids are printed");
  command->add_flag("--ids", options->ids, "print ids, not text");
  command->add_option("--id", options->id, "only the document of this id");
  command->add_option("--limit", options->limit, "the first N documents")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N");
  command->add_option("--end-of-text-id", options->end_of_text,
                      "id of the end-of-text token in a shard without a sidecar (default 50256)");
  options->hints.add_to(*command, "--shard-format", "--token-bytes");
  command->add_flag("--json", options->json, "print one JSON object per document");
  command->callback([options] {
    const FetchedPaths fetched(options->paths);
    options->paths = fetched.paths();
    fetched.named([&] { Cat(*options).run(); });
  });
}

struct ConvertFlags {
  ConvertOptions options;
  std::string to, output, shard_tokens, source_end_of_text, split;
  HintFlags from;
};

// Of a vocabulary that ftok has by this name; no file is looked for.
std::optional<uint32_t> known_end_of_text(const std::string& vocabulary) {
  if (vocabulary.find('/') != std::string::npos || fs::exists(vocabulary)) return std::nullopt;
  try {
    return load_encoding(vocabulary).end_of_text();
  } catch (const Error&) {
    return std::nullopt;
  }
}

void convert(ConvertFlags flags, const std::string& shown_output) {
  ConvertOptions& options = flags.options;
  options.to = &find_shard_format(flags.to, "--to");
  options.from.shards = flags.from.hints();
  if (!flags.shard_tokens.empty()) {
    options.shard_tokens = static_cast<uint64_t>(parse_size(flags.shard_tokens, false, "--shard-tokens"));
    if (options.shard_tokens == 0 || options.shard_tokens > options.to->tokens_max()) {
      throw UsageError(
          fmt::format("--shard-tokens: {} is not in 1..{}", options.shard_tokens, options.to->tokens_max()));
    }
  }
  if (!flags.source_end_of_text.empty()) {
    options.from.end_of_text = parse_end_of_text(flags.source_end_of_text, "--from-end-of-text");
  }
  if (!flags.split.empty()) options.from.split = flags.split == "val" ? Split::kValidation : Split::kTrain;
  options.from.end_of_text_of = known_end_of_text;
  const ConvertResult result = convert_shards(options);
  for (const ShardEntry& entry : result.shards) {
    print("{}/{}: {} tokens, {} documents\n", shown_field(shown_output), entry.shard.name, entry.tokens,
          entry.documents);
  }
}

// The folder to write: --output, or the last of `paths`, which is taken from there.
std::string output_of(const ConvertFlags& flags, std::vector<std::string>& paths) {
  if (!flags.output.empty()) return flags.output;
  if (paths.size() < 2)
    throw UsageError("shards convert: OUT: missing, expected the folder to create (or --output DIR)");
  std::string output = std::move(paths.back());
  paths.pop_back();
  return output;
}

void add_convert(CLI::App& shards) {
  CLI::App* command = shards.add_subcommand("convert", "Write the same shards in another trainer's format");
  auto flags = std::make_shared<ConvertFlags>();
  command->add_option("--to", flags->to, "Format to write: " + shard_format_help())
      ->check(CLI::IsMember(shard_format_names()))
      ->required();
  // Without --output the last of the positional arguments is the folder to write.
  auto paths = std::make_shared<std::vector<std::string>>();
  command->add_option("SHARDS... OUT", *paths, "shards in order, or folders of them; then the folder to create")
      ->required()
      ->expected(1, -1);
  command->add_option("-o,--output", flags->output, "The folder to create, in place of OUT")->type_name("DIR");
  command
      ->add_option("--token-bytes", flags->options.token_bytes, "Bytes per token in OUT; auto: as the vocabulary needs")
      ->check(CLI::IsMember({"auto", "2", "4"}))
      ->capture_default_str();
  command
      ->add_option("--end-of-text", flags->options.end_of_text,
                   "Where the end-of-text token goes in OUT; auto: where the format's readers expect it")
      ->check(CLI::IsMember({"auto", "before", "after", "none"}))
      ->capture_default_str();
  command->add_option("--shard-tokens", flags->shard_tokens, "Tokens per shard (K, M, G); default: as in SHARDS")
      ->type_name("N");
  flags->from.add_to(*command, "--from", "--from-token-bytes");
  command
      ->add_option("--from-end-of-text", flags->source_end_of_text,
                   "Where the end-of-text token is in SHARDS without a manifest; default: as in their format")
      ->check(CLI::IsMember({"before", "after", "none"}));
  command
      ->add_option("--end-of-text-id", flags->options.from.end_of_text_id,
                   "Id of the end-of-text token in SHARDS without a manifest; default: that of the vocabulary which a "
                   "file beside them names, else 50256")
      ->type_name("N");
  command->add_option("--split", flags->split, "Split of SHARDS without a manifest; default: as their names say")
      ->check(CLI::IsMember({"train", "val"}));
  command->footer(
      "Documents keep their order and ids; the end-of-text token goes where the new format's readers expect it.\n"
      "Examples:\n"
      "  ftok shards convert --to datatrove out -o out-datatrove\n"
      "  ftok shards convert --to llmc --from raw --from-token-bytes 2 train.bin val.bin out");
  command->callback([flags, paths] {
    const std::string output = output_of(*flags, *paths);
    const FetchedPaths fetched(*paths);
    const JobPlace place(output, "", fetch_options_of_environment(), stderr_log(true));
    if (place.is_stored() && !place.store()->list("").empty()) {
      throw UsageError(output + " already exists; name a place where nothing is");
    }
    flags->options.output = place.folder();
    flags->options.inputs = fetched.paths();
    fetched.named([&] { place.named([&] { convert(*flags, output); }); });
    place.store_all();
  });
}

}  // namespace

void add_shards_command(CLI::App& app) {
  CLI::App* shards = app.add_subcommand("shards", "Inspect, verify, print and convert token shards");
  shards->require_subcommand(1);
  add_inspect(*shards);
  add_verify(*shards);
  add_cat(*shards);
  add_convert(*shards);
  shards->footer(
      "Examples:\n"
      "  ftok shards inspect out/ftok_train_000000.bin --documents\n"
      "  ftok shards verify out\n"
      "  ftok shards convert --to datatrove out out-datatrove\n"
      "  ftok shards cat out/ftok_val_000000.bin --limit 1");
}

}  // namespace ftok::cli
