#include "pipeline/subprocess/answer_store.h"

#include <fmt/format.h>

#include <filesystem>

#include "core/file.h"
#include "shards/checksum.h"

namespace ftok {

std::string AnswerStore::path_of(std::string_view requests) const {
  Checksum checksum;
  checksum.update(command_);
  checksum.update(requests);
  const std::string digest = checksum.hex();
  return fmt::format("{}/{}/{}.{}", folder_, digest.substr(0, 2), digest.substr(2), ending_);
}

bool AnswerStore::find(std::string_view requests, std::string& answers) const {
  if (folder_.empty()) return false;
  const std::string path = path_of(requests);
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return false;
  answers = read_file(path);
  return true;
}

void AnswerStore::add(std::string_view requests, std::string_view answers) const {
  if (folder_.empty()) return;
  const std::string path = path_of(requests);
  make_folder(folder_);
  make_folder(path.substr(0, path.rfind('/')));
  write_file(path, answers);
}

}  // namespace ftok
