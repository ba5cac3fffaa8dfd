#include "shards/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <set>

#include "core/file.h"
#include "shards/files/verifier.h"
#include "shards/part.h"
#include "shards/reader.h"
#include "shards/removal.h"
#include "shards/sealed_json.h"
#include "shards/writer.h"

namespace ftok {
namespace fs = std::filesystem;

namespace {

// A name from a manifest or receipt must stay inside the folder.
bool is_plain_name(const std::string& name) {
  const fs::path path(name);
  if (name.empty() || path.is_absolute()) return false;
  for (const fs::path& component : path) {
    if (component == ".." || component == ".") return false;
  }
  return true;
}

}  // namespace

void Verifier::count(const std::string& path) {
  std::error_code code;
  const auto bytes = fs::file_size(path, code);
  result_.files += 1;
  if (!code) result_.bytes += bytes;
}

// Holds a listed file against its size and checksum; true when they match.
bool Verifier::listed(const FileEntry& entry, bool may_be_gone) {
  listed_.insert(entry.name);
  if (!is_plain_name(entry.name)) {
    find(entry.name, "is listed under a name that points outside the folder");
    return false;
  }
  const std::string path = path_of(entry.name);
  if (!fs::exists(path)) {
    if (!may_be_gone) find(path, "is listed but missing");
    return false;
  }
  count(path);
  uint64_t bytes = 0;
  const std::string checksum = checksum_of_file(path, &bytes);
  if (bytes != entry.bytes) {
    find(path, fmt::format("has {} bytes, but is listed with {}", bytes, entry.bytes));
  } else if (checksum != entry.checksum) {
    find(path, fmt::format("has checksum {}, but is listed with {}", checksum, entry.checksum));
  } else {
    return true;
  }
  return false;
}

namespace {

// Rows that contradict the shard or each other, beyond what SidecarView::parse refuses.
std::optional<std::string> contradiction(const SidecarView& sidecar) {
  for (size_t row = 0; row < sidecar.size(); ++row) {
    const ShardDocument document = sidecar.document(row);
    const uint64_t here = sidecar.end(row) - document.begin;
    const bool last = row + 1 == sidecar.size();
    if (here == 0 || (row > 0 && document.skipped != 0) || document.skipped + here > document.document_tokens ||
        (!last && document.skipped + here != document.document_tokens)) {
      return fmt::format("row {} does not fit its neighbours", row);
    }
  }
  if (sidecar.size() == 0 && sidecar.shard_tokens() > 0) return "it lists no document";
  return std::nullopt;
}

// Where the format itself keeps the documents' ends, they are those of the sidecar.
bool same_ends(const std::vector<uint64_t>& ends, const SidecarView& sidecar) {
  if (ends.size() != sidecar.size()) return false;
  for (size_t row = 0; row < ends.size(); ++row) {
    if (ends[row] != sidecar.end(row)) return false;
  }
  return true;
}

}  // namespace

void Verifier::shard_file(const std::string& path, const ShardHints& hints) {
  const ShardReader reader(path, hints);  // throws what is wrong with header, size and sidecar
  if (reader.sidecar() == nullptr) {
    result_.unchecked.push_back({path, "has no sidecar, so no checksum: only its header and size were checked"});
    return;
  }
  if (checksum_of_file(path) != reader.sidecar()->shard_checksum()) {
    find(path, "does not have the checksum its sidecar gives");
  }
  for (size_t row = 0; !removed_.empty() && row < reader.sidecar()->size(); ++row) {
    const std::string_view id = reader.sidecar()->document(row).id;
    if (removed_.contains(id)) find(path, fmt::format("holds the document {}, which was removed", id));
  }
  if (const auto wrong = contradiction(*reader.sidecar())) find(shard_sidecar_path(path), *wrong);
  const std::vector<uint64_t>& ends = reader.view().layout().document_ends;
  if (!ends.empty() && !same_ends(ends, *reader.sidecar())) find(path, "does not have the documents its sidecar lists");
}

void Verifier::mask(const ShardEntry& entry) {
  const std::string path = path_of(entry.mask->name);
  if (entry.mask->bytes != entry.tokens)
    find(path, fmt::format("has {} bytes for {} tokens", entry.mask->bytes, entry.tokens));
  mask_file(path);
}

void Verifier::mask_file(const std::string& path) {
  const MappedFile mapped(path);
  const size_t at = mapped.bytes().find_first_not_of(std::string_view("\0\1", 2));
  if (at != std::string_view::npos) find(path, fmt::format("byte {} is neither 0 nor 1", at));
}

void Verifier::shard(const ShardEntry& entry, const ShardHints& hints) {
  const bool shard_matches = listed(entry.shard);
  const bool sidecar_matches = listed(entry.sidecar);
  bool companions_match = true;
  for (const FileEntry& companion : entry.companions) companions_match = listed(companion) && companions_match;
  if (entry.mask && listed(*entry.mask)) mask(entry);
  if (!shard_matches || !sidecar_matches || !companions_match) return;
  const std::string path = path_of(entry.shard.name);
  shard_file(path, hints);
  const ShardReader reader(path, hints);
  if (reader.view().layout().token_bytes != hints.token_bytes)
    find(path, "does not have the token width the manifest states");
  if (reader.view().size() != entry.tokens) find(path, "does not have the number of tokens the manifest lists");
  if (reader.sidecar() != nullptr && reader.sidecar()->size() != entry.documents) {
    find(path, "does not have the number of documents the manifest lists");
  }
}

void Verifier::part(const Manifest::Input& input, const Manifest& manifest) {
  if (!listed(input.receipt)) return;
  const std::string path = path_of(input.receipt.name);
  const PartReceipt receipt = read_part_receipt(path);
  if (receipt.number != input.part || receipt.report != input.report || receipt.binding != manifest.binding) {
    find(path, "is not the receipt the manifest lists");
  }
  for (const FileEntry& entry : receipt.files) {
    const bool may_be_gone = entry.name.ends_with(".tokens") && receipt.number < manifest.parts_in_shards;
    listed(entry, may_be_gone);
  }
}

// The receipts of removals. The ids in them are looked for in the shards.
void Verifier::removals() {
  std::error_code code;
  std::set<uint64_t> numbers;
  for (const auto& entry : fs::directory_iterator(path_of(kRemovalsFolder), code)) {
    uint64_t number = 0;
    const std::string stem = entry.path().stem().string();
    std::from_chars(stem.data(), stem.data() + stem.size(), number);
    if (path_of(removal_name(number)) == entry.path()) numbers.insert(number);
  }
  for (const uint64_t number : numbers) {
    const std::string name = removal_name(number);
    listed_.insert(name);
    count(path_of(name));
    const Result<Removal> removal = parse_removal(read_file(path_of(name)));
    if (!removal) {
      find(path_of(name), removal.damage().detail);
    } else if (removal->number != number) {
      find(path_of(name), "is another removal's receipt");
    } else {
      removed_.insert(removal->ids.begin(), removal->ids.end());
    }
  }
  const std::string pending = fmt::format("{}/pending.json", kRemovalsFolder);
  if (!fs::exists(path_of(pending))) return;
  listed_.insert(pending);
  find(path_of(pending), "a removal was begun and is not finished: give `ftok remove-ids` again");
}

void Verifier::folder() {
  removals();
  if (fs::exists(path_of(kJobName))) return job();
  listed_.insert(kManifestName);
  if (!fs::exists(path_of(kManifestName)) && fs::exists(path_of(kJournalName))) {
    throw Error("a run is in progress here: there is a journal and no manifest.json yet; verify it when it is done");
  }
  if (!fs::exists(path_of(kManifestName)) && fs::exists(path_of("receipts/extract")))
    throw Error(fmt::format("{} is missing, and the folder is a job's: nothing of it was checked", kJobName));
  if (!fs::exists(path_of(kManifestName)) && !fs::exists(path_of(kBindingName)) && !fs::exists(path_of("parts")))
    return shards_alone();
  count(path_of(kManifestName));
  const Manifest manifest = read_manifest(path_of(kManifestName));
  if (fs::exists(path_of(kBindingName))) {
    bound(kBindingName, manifest.binding);
  } else if (!manifest.inputs.empty()) {  // without inputs: shards that were converted, which no command continues
    find(path_of(kBindingName), "is missing, and the manifest was made with it");
  }
  if (!manifest.job.empty()) return of_lost_job(manifest);
  shards_and_parts(manifest);
  corpora(manifest.corpora);
  unlisted();
}

// Shards that another program wrote, or that lost their manifest: each by itself.
void Verifier::shards_alone() {
  const std::vector<std::string> paths = fs::is_directory(folder_) ? shards_in(folder_) : std::vector<std::string>();
  if (paths.empty()) throw Error("holds neither a manifest.json nor a shard (*.bin, *.ds, *.npy, *.mds)");
  result_.unchecked.push_back({folder_, "has no manifest.json, so nothing says whether a shard is missing"});
  for (const std::string& path : paths) {
    guarded(fs::path(path).lexically_relative(folder_).string(), [&] { file(path); });
  }
}

// The folders of corpora, each as it would be by itself.
void Verifier::corpora(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const std::string folder = "corpora/" + name;
    Verifier corpus(path_of(folder));
    try {
      if (!is_plain_name(folder)) throw Error("is listed under a name that points outside the folder");
      corpus.folder();
    } catch (const Error& error) {
      corpus.find(corpus.folder_, error.what());
    }
    Verification result = corpus.take();
    for (Finding& finding : result.findings) result_.findings.push_back(std::move(finding));
    for (Finding& finding : result.unchecked) result_.unchecked.push_back(std::move(finding));
    result_.files += result.files;
    result_.bytes += result.bytes;
    corpora_.insert(folder + "/");
  }
}

void Verifier::bound(const std::string& name, const std::string& checksum) {
  const std::string path = path_of(name);
  listed_.insert(name);
  count(path);
  if (checksum_of_file(path) != checksum) find(path, "is not what the manifest was made with");
}

// Without job.json nothing says which files there should be besides those of the manifest.
void Verifier::of_lost_job(const Manifest& manifest) {
  find(path_of(kJobName),
       "is missing, and the folder is a job's: of its files only those of the manifest were checked");
  shards_and_parts(manifest);
  corpora(manifest.corpora);
}

void Verifier::removals_of(const Manifest& manifest) {
  for (uint64_t number = 1; number <= manifest.removals; ++number) {
    if (listed_.contains(removal_name(number))) continue;
    find(path_of(removal_name(number)), fmt::format("is missing: documents were removed {} times", manifest.removals));
  }
}

void Verifier::shards_and_parts(const Manifest& manifest) {
  removals_of(manifest);
  if (manifest.token_bytes < token_bytes_for(manifest.vocabulary.size)) {
    find(path_of(kManifestName), "states a token width that is too small for the vocabulary");
  }
  const ShardHints hints{&find_shard_format(manifest.shard_format, path_of(kManifestName)), manifest.token_bytes};
  for (const ShardEntry& entry : manifest.shards) {
    guarded(entry.shard.name, [&] { shard(entry, hints); });
  }
  for (const FileEntry& file : manifest.split_files) guarded(file.name, [&] { listed(file); });
  for (const Manifest::Input& input : manifest.inputs) {
    guarded(input.receipt.name, [&] { part(input, manifest); });
  }
}

void Verifier::unlisted() {
  std::set<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
    const std::string name = fs::relative(entry.path(), folder_).string();
    const bool of_corpus = std::any_of(corpora_.begin(), corpora_.end(),
                                       [&](const std::string& folder) { return name.starts_with(folder); });
    if (of_corpus) continue;  // looked at there
    const bool ours = name.starts_with("attempts/") || name.starts_with("slurm/") ||
                      entry.path().filename() == ".lock" ||
                      name == "README.md";  // the card, which is not part of the data (pipeline/card.h)
    const bool is_bundle = name.starts_with("work/") && name.find(kBundlePart) != std::string::npos;
    if (is_bundle) guarded(name, [&] { bundle(name); });
    if (entry.is_regular_file() && !listed_.contains(name) && !ours && !is_bundle) names.insert(name);
  }
  for (const std::string& name : names)
    find(path_of(name), "is not listed: neither the manifest nor a receipt names it");
}

void Verifier::file(const std::string& path) {
  count(path);
  if (path.ends_with(".docs")) {
    const MappedFile mapped(path);
    const Result<SidecarView> view = SidecarView::parse(mapped.bytes());
    if (!view) {
      find(path, view.damage().detail);
    } else if (const auto wrong = contradiction(*view)) {
      find(path, *wrong);
    }
  } else if (path.ends_with(".mask")) {
    mask_file(path);
  } else if (path.ends_with(".tokens")) {
    PartTokens tokens(path);
    std::string_view id;
    Split split;
    std::vector<uint32_t> ids;
    uint64_t documents = 0;
    while (tokens.next(id, split, ids)) ++documents;
    if (documents != tokens.size()) find(path, "does not have the number of documents its end states");
  } else if (path.ends_with(".keys")) {
    PartKeys(path).for_each([](uint64_t, std::string_view, std::span<const uint64_t>) {});
  } else if (path.ends_with(".receipt")) {
    read_part_receipt(path);
  } else if (fs::path(path).filename() == kJobName) {
    const Result<JobManifest> manifest = parse_job_manifest(read_file(path));
    if (!manifest) find(path, manifest.damage().detail);
  } else if (path.find("receipts/") != std::string::npos && path.ends_with(".json")) {
    const Result<TaskReceipt> receipt = parse_task_receipt(read_file(path));
    if (!receipt) find(path, receipt.damage().detail);
  } else if (path.ends_with(".json")) {
    read_manifest(path);
  } else {
    shard_file(path, hints_);
  }
}

Verification verify_folder(const std::string& folder, const ShardHints& hints) {
  refuse_address(folder);
  Verifier verifier(folder, hints);
  try {
    verifier.folder();
  } catch (const Error& error) {
    Verification result = verifier.take();
    result.findings.push_back({folder, error.what()});
    return result;
  }
  return verifier.take();
}

Verification verify_file(const std::string& path, const ShardHints& hints) {
  refuse_address(path);
  Verifier verifier("", hints);
  try {
    verifier.file(path);
  } catch (const Error& error) {
    Verification result = verifier.take();
    result.findings.push_back({path, error.what()});
    return result;
  }
  return verifier.take();
}

}  // namespace ftok
