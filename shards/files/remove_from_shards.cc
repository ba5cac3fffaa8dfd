#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>

#include "core/error.h"
#include "core/file.h"
#include "shards/files/remove_steps.h"
#include "shards/reader.h"
#include "shards/split_files.h"

namespace ftok {
namespace fs = std::filesystem;

namespace {

// Which rows of a sidecar stay; empty where all do.
std::vector<bool> staying_rows(const std::string& path, const IdSet& ids, RemovedCounts& counts) {
  const MappedFile file(path);
  const Result<SidecarView> sidecar = SidecarView::parse(file.bytes());
  if (!sidecar) throw Error(fmt::format("{} is damaged: {}", path, sidecar.damage().detail));
  std::vector<bool> stays(sidecar->size(), true);
  bool all = true;
  for (size_t row = 0; row < sidecar->size(); ++row) {
    const ShardDocument document = sidecar->document(row);
    if (!ids.contains(document.id)) continue;
    counts.found.emplace(document.id);
    counts.documents += document.skipped == 0 ? 1 : 0;
    counts.tokens += sidecar->end(row) - document.begin;
    stays[row] = all = false;
  }
  return all ? std::vector<bool>() : stays;
}

void check(const std::string& folder, const FileEntry& entry, const PendingFiles& files) {
  files.need(entry.name);
  const std::string path = folder + "/" + entry.name;
  uint64_t bytes = 0;
  if (!fs::exists(path) || checksum_of_file(path, &bytes) != entry.checksum || bytes != entry.bytes) {
    throw Error(fmt::format("{} is not what the manifest lists: see `ftok shards verify`", path));
  }
}

// Writes one shard again with the rows that stay.
class ShardRewriter {
 public:
  ShardRewriter(const std::string& folder, const Manifest& manifest, const ShardEntry& old, PendingFiles& files)
      : folder_(folder), manifest_(manifest), old_(old), files_(files) {
    check(folder, old.shard, files);
    for (const FileEntry& companion : old.companions) check(folder, companion, files);
    if (old.mask) check(folder, *old.mask, files);
  }

  std::optional<ShardEntry> run(const std::vector<bool>& stays) {
    const ShardFormat& format = find_shard_format(manifest_.shard_format, "shard_format");
    const ShardReader reader(folder_ + "/" + old_.shard.name, {&format, manifest_.token_bytes});
    const SidecarView& sidecar = *reader.sidecar();
    if (std::none_of(stays.begin(), stays.end(), [](bool row) { return row; })) return remove();
    const std::string path = files_.path(old_.shard.name);
    const std::unique_ptr<ShardFile> file =
        format.create({path, manifest_.token_bytes, manifest_.shard_tokens, manifest_.vocabulary.name});
    std::string mask;
    const std::string old_mask = old_.mask ? read_file(folder_ + "/" + old_.mask->name) : "";
    ShardEntry entry = old_;
    entry.tokens = 0;
    std::vector<ShardDocument> documents;
    std::vector<uint32_t> tokens;
    for (size_t row = 0; row < stays.size(); ++row) {
      if (!stays[row]) continue;
      ShardDocument document = sidecar.document(row);
      reader.view().read(document.begin, sidecar.end(row), tokens);
      if (old_.mask) mask += old_mask.substr(document.begin, tokens.size());
      document.begin = entry.tokens;
      documents.push_back(document);
      file->append(tokens);
      entry.tokens += tokens.size();
    }
    entry.documents = documents.size();
    publish(*file, documents, mask, entry);
    return entry;
  }

 private:
  std::optional<ShardEntry> remove() {
    files_.remove(old_.shard.name);
    files_.remove(old_.sidecar.name);
    for (const FileEntry& companion : old_.companions) files_.remove(companion.name);
    if (old_.mask) files_.remove(old_.mask->name);
    return std::nullopt;
  }

  void publish(ShardFile& file, const std::vector<ShardDocument>& documents, const std::string& mask,
               ShardEntry& entry) {
    const std::string& name = old_.shard.name;
    std::vector<FileEntry> sealed = file.seal(documents);
    for (FileEntry& one : sealed) {
      one.name.insert(0, name, 0, name.rfind('/') + 1);
      files_.add(one);
    }
    entry.shard = sealed.front();
    entry.companions.assign(sealed.begin() + 1, sealed.end());
    files_.write(old_.sidecar.name, encode_sidecar(entry.tokens, entry.shard.checksum, documents));
    entry.sidecar = files_.files().at(old_.sidecar.name);
    if (!old_.mask) return;
    files_.write(old_.mask->name, mask);
    entry.mask = files_.files().at(old_.mask->name);
  }

  const std::string& folder_;
  const Manifest& manifest_;
  const ShardEntry& old_;
  PendingFiles& files_;
};

// Files about all shards of a split are made of all of them: those that stay as they are stand in by links.
void renew_split_files(const std::string& folder, Manifest& manifest, PendingFiles& files) {
  if (manifest.split_files.empty()) return;
  ShardWriterOptions options;
  options.format = &find_shard_format(manifest.shard_format, "shard_format");
  options.token_bytes = manifest.token_bytes;
  options.folder = fs::path(files.path("any")).parent_path().string();
  std::vector<std::string> links;
  const auto link = [&](const FileEntry& file) {
    if (files.files().contains(file.name)) return;
    files.need(file.name);
    const std::string path = files.path(file.name);
    fs::create_symlink(fs::absolute(folder) / file.name, path);
    links.push_back(path);
  };
  for (const ShardEntry& shard : manifest.shards) {
    link(shard.shard);
    link(shard.sidecar);
    for (const FileEntry& companion : shard.companions) link(companion);
  }
  std::vector<FileEntry> renewed = write_split_files(options, manifest.shards);
  for (const std::string& path : links) fs::remove(path);
  for (const FileEntry& old : manifest.split_files) files.remove(old.name);
  for (const FileEntry& file : renewed) files.add(file);
  manifest.split_files = std::move(renewed);
}

}  // namespace

void remove_from_shards(const std::string& folder, const IdSet& ids, Manifest& manifest, PendingFiles& files,
                        RemovedCounts& counts) {
  std::vector<ShardEntry> shards;
  bool changed = false;
  for (const ShardEntry& old : manifest.shards) {
    check(folder, old.sidecar, files);
    const std::vector<bool> stays = staying_rows(folder + "/" + old.sidecar.name, ids, counts);
    if (stays.empty()) {
      shards.push_back(old);
      continue;
    }
    changed = true;
    if (std::optional<ShardEntry> entry = ShardRewriter(folder, manifest, old, files).run(stays))
      shards.push_back(std::move(*entry));
  }
  if (!changed) return;
  manifest.shards = std::move(shards);
  renew_split_files(folder, manifest, files);
}

}  // namespace ftok
