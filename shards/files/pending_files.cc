#include "shards/files/pending_files.h"

#include <fmt/format.h>

#include <filesystem>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/temporary_files.h"
#include "shards/json_fields.h"
#include "shards/removal.h"
#include "shards/sealed_json.h"

namespace ftok {
namespace fs = std::filesystem;

PendingFiles::PendingFiles(std::string folder, RemovalPlace* place) : folder_(std::move(folder)), place_(place) {}

std::string PendingFiles::pending(const std::string& name) const {
  return fmt::format("{}/{}/pending/{}", folder_, kRemovalsFolder, name);
}

std::string PendingFiles::list_path() const { return fmt::format("{}/{}/pending.json", folder_, kRemovalsFolder); }

std::string PendingFiles::path(const std::string& name) {
  make_folder(fs::path(pending(name)).parent_path().string());
  return pending(name);
}

void PendingFiles::add(FileEntry entry) {
  const std::string name = entry.name;
  files_[name] = std::move(entry);
}

void PendingFiles::write(const std::string& name, const std::string& text) {
  write_file(path(name), text);
  add({name, text.size(), checksum_of(text)});
}

void PendingFiles::remove(const std::string& name) { files_[name] = {name, 0, ""}; }

std::string PendingFiles::read(const std::string& name) const {
  return read_file(files_.contains(name) ? pending(name) : folder_ + "/" + name);
}

void PendingFiles::commit(const std::string& last) {
  std::vector<FileEntry> files;
  for (const auto& [name, entry] : files_) {
    if (name != last) files.push_back(entry);
  }
  files.push_back(files_.at(last));
  JsonWriter json(true);
  json.begin_object().field("format", "ftok-pending").field("version", 1).key("files").begin_array();
  for (const FileEntry& file : files) json.raw(write_file_entry(file));
  json.end_array().end_object();
  write_file(list_path(), seal_json(json.text()));
  if (place_ != nullptr) {
    std::vector<std::string> names;
    for (const FileEntry& file : files) {
      if (!file.checksum.empty()) names.push_back(fmt::format("{}/pending/{}", kRemovalsFolder, file.name));
    }
    names.push_back(fmt::format("{}/pending.json", kRemovalsFolder));
    place_->keep(names);
  }
  move_all(files);
}

void PendingFiles::move_all(const std::vector<FileEntry>& files) const {
  for (const FileEntry& file : files) {
    const std::string path = folder_ + "/" + file.name;
    const bool was_moved = !file.checksum.empty() && !fs::exists(pending(file.name));
    if (was_moved) need(file.name);
    if (file.checksum.empty()) {
      remove_file(path);
    } else if (!was_moved) {
      std::error_code code;
      make_folder(fs::path(path).parent_path().string());
      fs::rename(pending(file.name), path, code);
      if (code) throw Error(fmt::format("cannot move {} to {}: {}", pending(file.name), path, code.message()));
      sync_folder_of(path);
    } else if (!fs::exists(path) || checksum_of_file(path) != file.checksum) {
      throw Error(fmt::format("{} is not what {} lists", path, list_path()));
    }
  }
  if (place_ != nullptr) {
    std::vector<std::string> changed, gone;
    for (const FileEntry& file : files) (file.checksum.empty() ? gone : changed).push_back(file.name);
    place_->replace(changed, gone);
  }
  std::error_code code;
  fs::remove_all(pending(""), code);
  remove_file(list_path());
}

bool PendingFiles::finish_earlier() {
  std::error_code code;
  const std::string removals = fs::path(list_path()).parent_path().string();
  if (fs::exists(removals)) remove_temporaries(removals);
  if (!fs::exists(list_path())) {
    fs::remove_all(pending(""), code);
    return false;
  }
  const std::string text = read_file(list_path());
  const Result<std::string_view> sealed = check_sealed_json(text);
  if (!sealed) throw Error(fmt::format("{} is damaged: {}", list_path(), sealed.damage().detail));
  std::vector<FileEntry> files;
  try {
    for (const JsonFields& file : JsonFields(text).objects("files")) files.push_back(read_file_entry(file));
  } catch (const JsonFields::Missing& missing) {
    throw Error(fmt::format("{} is damaged: {}", list_path(), missing.what()));
  }
  move_all(files);
  return true;
}

}  // namespace ftok
