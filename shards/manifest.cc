#include "shards/manifest.h"

#include <fmt/format.h>

#include <filesystem>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "shards/sealed_json.h"

namespace ftok {
namespace {

constexpr int kManifestVersion = 1;

Manifest read_fields(const JsonFields& fields) {
  Manifest manifest;
  fields.expect("format", "ftok-manifest");
  fields.expect("version", kManifestVersion);
  manifest.software = fields.string_map("software");
  manifest.recipe = fields.text("recipe");
  manifest.binding = fields.text("binding");
  manifest.digests = fields.string_map("digests");
  manifest.notes = fields.texts("notes");
  const JsonFields vocabulary = fields.object("vocabulary");
  manifest.vocabulary = {vocabulary.text("name"), vocabulary.text("digest"), vocabulary.number("size"),
                         vocabulary.number("end_of_text")};
  // What is as it was before there were formats is not said: folders of 0.1.0 are read and continued.
  if (fields.has("shard_format")) manifest.shard_format = fields.text("shard_format");
  manifest.token_bytes =
      fields.has("token_bytes") ? fields.number("token_bytes") : token_bytes_for(manifest.vocabulary.size);
  if (manifest.token_bytes != 2 && manifest.token_bytes != 4)
    throw JsonFields::Missing("\"token_bytes\" is not 2 or 4");
  manifest.shard_tokens = fields.number("shard_tokens");
  const std::string placement = fields.text("end_of_text_placement");
  try {
    manifest.placement = parse_end_of_text(placement, "end_of_text_placement");
  } catch (const UsageError& error) {
    throw JsonFields::Missing(error.what());
  }
  manifest.validation_per_mille = fields.number("validation_per_mille");
  manifest.totals = fields.raw("totals");
  for (const JsonFields& shard : fields.objects("shards")) manifest.shards.push_back(read_shard_entry(shard));
  if (fields.has("split_files")) {
    for (const JsonFields& file : fields.objects("split_files")) manifest.split_files.push_back(read_file_entry(file));
  }
  manifest.parts_in_shards = fields.number("parts_in_shards");
  if (fields.has("corpora")) manifest.corpora = fields.texts("corpora");
  if (fields.has("corpus")) manifest.corpus = fields.text("corpus");
  if (fields.has("job")) manifest.job = fields.raw("job");
  if (fields.has("removals")) manifest.removals = fields.number("removals");
  for (const JsonFields& input : fields.objects("inputs")) {
    manifest.inputs.push_back(
        {input.number("part"), std::string(input.raw("report")), read_file_entry(input.object("receipt"))});
  }
  return manifest;
}

}  // namespace

std::string manifest_path_of(const std::string& path, std::string& name) {
  namespace fs = std::filesystem;
  const fs::path shard(path);
  name = shard.filename().string();
  const fs::path beside = shard.parent_path() / kManifestName;
  if (fs::exists(beside)) return beside.string();
  const fs::path folder = fs::absolute(shard).lexically_normal().parent_path();
  const fs::path above = folder.parent_path() / kManifestName;
  if ((folder.filename() != "train" && folder.filename() != "val") || !fs::exists(above)) return {};
  name = (folder.filename() / name).string();
  return above.string();
}

std::string write_shard_entry(const ShardEntry& shard) {
  JsonWriter json;
  json.begin_object().field("split", split_name(shard.split)).field("index", shard.index).field("tokens", shard.tokens);
  json.field("documents", shard.documents).key("shard").raw(write_file_entry(shard.shard));
  json.key("sidecar").raw(write_file_entry(shard.sidecar));
  if (!shard.companions.empty()) {
    json.key("companions").begin_array();
    for (const FileEntry& companion : shard.companions) json.raw(write_file_entry(companion));
    json.end_array();
  }
  if (shard.mask) json.key("mask").raw(write_file_entry(*shard.mask));
  json.end_object();
  return json.take();
}

ShardEntry read_shard_entry(const JsonFields& fields) {
  ShardEntry shard;
  const std::string split = fields.text("split");
  if (split != "train" && split != "val") throw JsonFields::Missing("\"split\" is neither \"train\" nor \"val\"");
  shard.split = split == "train" ? Split::kTrain : Split::kValidation;
  shard.index = fields.number("index");
  shard.tokens = fields.number("tokens");
  shard.documents = fields.number("documents");
  shard.shard = read_file_entry(fields.object("shard"));
  shard.sidecar = read_file_entry(fields.object("sidecar"));
  if (fields.has("companions")) {
    for (const JsonFields& companion : fields.objects("companions")) {
      shard.companions.push_back(read_file_entry(companion));
    }
  }
  if (fields.has("mask")) shard.mask = read_file_entry(fields.object("mask"));
  return shard;
}

void describe_shards(const ShardWriterOptions& options, Manifest& manifest) {
  manifest.shard_format = options.format->name();
  manifest.token_bytes =
      options.token_bytes != 0 ? options.token_bytes : options.format->token_bytes(options.vocabulary_size);
  manifest.shard_tokens = options.shard_tokens;
  manifest.placement = options.placement;
}

std::string write_manifest(const Manifest& manifest) {
  JsonWriter json(true);
  json.begin_object().field("format", "ftok-manifest").field("version", kManifestVersion);
  write_map(json, "software", manifest.software);
  json.field("recipe", manifest.recipe).field("binding", manifest.binding);
  write_map(json, "digests", manifest.digests);
  json.key("notes").begin_array();
  for (const std::string& note : manifest.notes) json.value(note);
  json.end_array();
  json.key("vocabulary").begin_object().field("name", manifest.vocabulary.name);
  json.field("digest", manifest.vocabulary.digest).field("size", manifest.vocabulary.size);
  json.field("end_of_text", manifest.vocabulary.end_of_text).end_object();
  if (manifest.shard_format != default_shard_format().name()) json.field("shard_format", manifest.shard_format);
  if (manifest.token_bytes != token_bytes_for(manifest.vocabulary.size))
    json.field("token_bytes", manifest.token_bytes);
  json.field("shard_tokens", manifest.shard_tokens);
  json.field("end_of_text_placement", end_of_text_name(manifest.placement));
  json.field("validation_per_mille", manifest.validation_per_mille).key("totals").raw(manifest.totals);
  json.key("shards").begin_array();
  for (const ShardEntry& shard : manifest.shards) json.raw(write_shard_entry(shard));
  json.end_array();
  if (!manifest.split_files.empty()) {
    json.key("split_files").begin_array();
    for (const FileEntry& file : manifest.split_files) json.raw(write_file_entry(file));
    json.end_array();
  }
  json.field("parts_in_shards", manifest.parts_in_shards);
  write_texts(json, "corpora", manifest.corpora);
  if (!manifest.corpus.empty()) json.field("corpus", manifest.corpus);
  if (!manifest.job.empty()) json.key("job").raw(manifest.job);
  if (manifest.removals > 0) json.field("removals", manifest.removals);
  json.key("inputs").begin_array();
  for (const Manifest::Input& input : manifest.inputs) {
    json.raw(fmt::format("{{\"part\":{},\"report\":{},\"receipt\":{}}}", input.part, input.report,
                         write_file_entry(input.receipt)));
  }
  json.end_array().end_object();
  return seal_json(json.text());
}

Result<Manifest> parse_manifest(std::string_view file) {
  const Result<std::string_view> sealed = check_sealed_json(file);
  if (!sealed) return sealed.damage();
  try {
    const JsonFields fields(file);
    if (fields.has("position")) {
      return Damage{"unfinished", "it is of an unfinished folder of ftok 0.1.0; finish it with ftok 0.1.0", 0};
    }
    return read_fields(fields);
  } catch (const JsonFields::Missing& missing) {
    return Damage{"bad_manifest", missing.what(), 0};
  }
}

Manifest read_manifest(const std::string& path) {
  Result<Manifest> manifest = parse_manifest(read_file(path));
  if (!manifest && manifest.damage().code.view() == "unfinished") throw Error(path + ": " + manifest.damage().detail);
  if (!manifest) throw Error(fmt::format("{} is damaged: {}", path, manifest.damage().detail));
  return std::move(*manifest);
}

}  // namespace ftok
