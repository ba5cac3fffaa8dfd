// `ftok shards inspect|verify|cat`: what is in token shards, whether it is whole, and the documents themselves.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>

#include "core/error.h"
#include "core/json.h"
#include "shards/manifest.h"
#include "shards/reader.h"
#include "shards/verify.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/vocabulary_source.h"

namespace ftok::cli {
namespace {

namespace fs = std::filesystem;

// The shards among the arguments: a folder stands for its .bin files, by name.
std::vector<std::string> shard_paths(const std::vector<std::string>& arguments) {
  std::vector<std::string> paths;
  for (const std::string& argument : arguments) {
    if (!fs::is_directory(argument)) {
      paths.push_back(argument);
      continue;
    }
    std::vector<std::string> inside;
    for (const auto& entry : fs::directory_iterator(argument)) {
      if (entry.is_regular_file() && entry.path().extension() == ".bin") inside.push_back(entry.path().string());
    }
    if (inside.empty()) throw Error(argument + " holds no shard (*.bin)");
    std::sort(inside.begin(), inside.end());
    paths.insert(paths.end(), inside.begin(), inside.end());
  }
  return paths;
}

struct InspectOptions {
  std::vector<std::string> paths;
  bool json = false;
  bool documents = false;
};

void print_documents(const ShardReader& reader) {
  const SidecarView& sidecar = *reader.sidecar();
  for (size_t row = 0; row < sidecar.size(); ++row) {
    const ShardDocument document = sidecar.document(row);
    const uint64_t here = sidecar.end(row) - document.begin;
    const bool goes_on = document.skipped + here < document.document_tokens;
    fmt::print("  {:>10}  {:>9} tokens  {}{}{}\n", document.begin, here, document.id,
               document.skipped > 0 ? fmt::format("  (from token {})", document.skipped) : "",
               goes_on ? fmt::format("  (goes on: {} in all)", document.document_tokens) : "");
  }
}

void inspect_json(const ShardReader& reader, bool with_documents) {
  JsonWriter json;
  json.begin_object().field("path", reader.path()).field("magic", static_cast<int64_t>(reader.header().magic));
  json.field("version", static_cast<int64_t>(reader.header().version)).field("tokens", reader.header().tokens);
  json.field("token_bytes", static_cast<uint64_t>(reader.header().token_bytes));
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
  json.end_object();
  fmt::print("{}\n", json.text());
}

void inspect(const InspectOptions& options) {
  for (const std::string& path : shard_paths(options.paths)) {
    const ShardReader reader(path);
    if (options.json) {
      inspect_json(reader, options.documents);
      continue;
    }
    fmt::print("{}: {} tokens of {} bytes (magic {}, version {}), largest id {}, {}\n", path, reader.header().tokens,
               reader.header().token_bytes, reader.header().magic, reader.header().version,
               reader.view().largest_token(),
               reader.sidecar() == nullptr ? "no sidecar" : fmt::format("{} documents", reader.sidecar()->size()));
    if (options.documents && reader.sidecar() != nullptr) print_documents(reader);
  }
}

void verify(const std::vector<std::string>& paths) {
  size_t findings = 0;
  for (const std::string& path : paths) {
    const Verification result = fs::is_directory(path) ? verify_folder(path) : verify_file(path);
    for (const Finding& finding : result.findings) fmt::print("{}: {}\n", finding.path, finding.what);
    for (const Finding& unchecked : result.unchecked) fmt::print("{}: {}\n", unchecked.path, unchecked.what);
    fmt::print("{}: {} files, {} bytes, {}\n", path, result.files, result.bytes,
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
    const fs::path first = options.paths.front();
    const fs::path manifest_path = (fs::is_directory(first) ? first : first.parent_path()) / kManifestName;
    if (fs::exists(manifest_path)) {
      const Manifest manifest = read_manifest(manifest_path.string());
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
  std::string operator()(std::span<const uint32_t> tokens) const {
    if (!tokens.empty() && tokens.front() == end_of_text_) tokens = tokens.subspan(1);
    if (!tokens.empty() && tokens.back() == end_of_text_) tokens = tokens.first(tokens.size() - 1);
    return encoding_->decode(tokens);
  }

 private:
  std::shared_ptr<const Encoding> encoding_;
  std::optional<uint64_t> end_of_text_;
};

// One document of one shard, or the piece of it that lies there.
struct Piece {
  std::string id;
  uint64_t begin = 0, end = 0, skipped = 0, document_tokens = 0;
};

std::vector<Piece> pieces_of(const ShardReader& reader, uint32_t end_of_text) {
  std::vector<Piece> pieces;
  if (const SidecarView* sidecar = reader.sidecar()) {
    for (size_t row = 0; row < sidecar->size(); ++row) {
      const ShardDocument document = sidecar->document(row);
      pieces.push_back(
          {std::string(document.id), document.begin, sidecar->end(row), document.skipped, document.document_tokens});
    }
    return pieces;
  }
  const std::vector<uint64_t> begins = reader.view().document_begins(end_of_text);
  for (size_t i = 0; i < begins.size(); ++i) {
    const uint64_t end = i + 1 < begins.size() ? begins[i + 1] : reader.view().size();
    pieces.push_back(
        {fmt::format("{}#{}", fs::path(reader.path()).filename().string(), i), begins[i], end, 0, end - begins[i]});
  }
  return pieces;
}

class Cat {
 public:
  explicit Cat(const CatOptions& options) : options_(options), decode_(options) {}

  // Prints the documents of the shards in order; one that goes on in the next shard given is put together.
  void run() {
    for (const std::string& path : shard_paths(options_.paths)) {
      const ShardReader reader(path);
      for (const Piece& piece : pieces_of(reader, options_.end_of_text)) {
        if (!take(reader, piece)) return;
      }
    }
    print_open();
  }

 private:
  bool take(const ShardReader& reader, const Piece& piece) {  // false: enough
    const bool continues = open_ && piece.id == open_->id && piece.skipped == open_->skipped + tokens_.size();
    if (!continues) {
      if (!print_open()) return false;
      open_ = piece;
      tokens_.clear();
    }
    std::vector<uint32_t> here;
    reader.view().read(piece.begin, piece.end, here);
    tokens_.insert(tokens_.end(), here.begin(), here.end());
    const bool goes_on = open_->skipped + tokens_.size() < piece.document_tokens;
    return goes_on || print_open();
  }

  bool print_open() {
    if (!open_) return true;
    if (options_.id.empty() || open_->id == options_.id) {
      print();
      ++printed_;
    }
    open_.reset();
    return options_.limit == 0 || printed_ < options_.limit;
  }

  void print() const {
    if (options_.json) {
      JsonWriter json;
      json.begin_object().field("id", open_->id).field("begin", open_->begin).field("skipped", open_->skipped);
      json.field("document_tokens", open_->document_tokens).key("tokens").begin_array();
      for (const uint32_t token : tokens_) json.value(token);
      json.end_array();
      if (decode_) json.field("text", decode_(tokens_));
      json.end_object();
      fmt::print("{}\n", json.text());
      return;
    }
    const bool whole = open_->skipped == 0 && tokens_.size() == open_->document_tokens;
    fmt::print("--- {}: {} tokens{}\n", open_->id, tokens_.size(),
               whole ? "" : fmt::format(", from token {} of {}", open_->skipped, open_->document_tokens));
    fmt::print("{}\n", decode_ ? decode_(tokens_) : fmt::format("{}", fmt::join(tokens_, " ")));
  }

  const CatOptions& options_;
  DocumentDecoder decode_;
  std::optional<Piece> open_;     // its first piece
  std::vector<uint32_t> tokens_;  // of it so far
  uint64_t printed_ = 0;
};

void add_inspect(CLI::App& shards) {
  CLI::App* command = shards.add_subcommand("inspect", "Print header, counts and documents of shards");
  auto options = std::make_shared<InspectOptions>();
  command->add_option("PATH", options->paths, "shards, or folders of them")->required();
  command->add_flag("--documents", options->documents, "list each document: first token, tokens, id");
  command->add_flag("--json", options->json, "one JSON object a shard");
  command->callback([options] { inspect(*options); });
}

void add_verify(CLI::App& shards) {
  CLI::App* command =
      shards.add_subcommand("verify", "Check every byte of an output folder, or of single files, against its checksum");
  auto paths = std::make_shared<std::vector<std::string>>();
  command->add_option("PATH", *paths, "output folders of `ftok run`, shards, sidecars, parts' files")->required();
  command->callback([paths] { verify(*paths); });
  command->footer("Exit 0 when all is whole, 1 when anything is missing, damaged or not listed.");
}

void add_cat(CLI::App& shards) {
  CLI::App* command = shards.add_subcommand("cat", "Print the documents of shards");
  auto options = std::make_shared<CatOptions>();
  command->add_option("PATH", options->paths, "shards in order, or folders of them")->required();
  command->add_option(
      "--vocab", options->vocabulary,
      "decode with this vocabulary: a name or a file; default: the one manifest.json names, without it ids");
  command->add_flag("--ids", options->ids, "print ids, not text");
  command->add_option("--id", options->id, "only the document of this id");
  command->add_option("--limit", options->limit, "the first N documents");
  command->add_option("--end-of-text", options->end_of_text,
                      "id that starts a document in a shard without a sidecar (default 50256)");
  command->add_flag("--json", options->json, "one JSON object a document");
  command->callback([options] { Cat(*options).run(); });
}

}  // namespace

void add_shards_command(CLI::App& app) {
  CLI::App* shards = app.add_subcommand("shards", "Inspect, verify and print token shards");
  shards->require_subcommand(1);
  add_inspect(*shards);
  add_verify(*shards);
  add_cat(*shards);
  shards->footer(
      "Examples:\n"
      "  ftok shards inspect out/ftok_train_000000.bin --documents\n"
      "  ftok shards verify out\n"
      "  ftok shards cat out/ftok_val_000000.bin --limit 1");
}

}  // namespace ftok::cli
