// Requests to `ftok view`, as the server hands them on: "PATH?NAME=VALUE&NAME=VALUE\nBODY". Each is answered with 200,
// or with an error that is JSON, and nothing of a file that was not named stands in an answer.
#include <simdjson.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/file.h"
#include "view/view_answers.h"

namespace {

constexpr std::string_view kSecret = "what nobody named";

// A training run, a run and, beside them, what must not be read; removed at the end.
class Folder {
 public:
  Folder() {
    simdjson::dom::parser parser;
    if (parser.parse(std::string("[]")).error() != simdjson::SUCCESS)
      std::abort();  // whose statics outlive the answers
    std::string name = (std::filesystem::temp_directory_path() / "ftok-fuzz-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path = name;
    std::filesystem::create_directories(path + "/model");
    std::filesystem::create_directories(path + "/run/parts");
    ftok::write_file(path + "/secret", std::string(kSecret));
    ftok::write_file(path + "/model/log.jsonl", "{\"step\":1,\"loss\":8.5}\n");
    ftok::write_file(path + "/run/binding.toml", "folder_version = 2\n");
    ftok::write_file(path + "/run/parts/000000.rejects.jsonl.zst",
                     "{\"id\":\"a\",\"file_path\":\"" + path +
                         "/secret\",\"offset\":0,\"reason\":\"c4.a\",\"value\":1,"
                         "\"threshold\":2}\n{\"id\":\"b\",\"reason\":\"c4.b\"}\n[]\n{\"id\":3}\n");
    ftok::write_file(path + "/run/parts/000000.text.jsonl.zst",
                     "{\"text\":\"x\",\"id\":\"k\",\"url\":\"http://h/\"}\n");
  }
  ~Folder() {
    std::error_code code;
    std::filesystem::remove_all(path, code);
  }

  std::string path;
};

ftok::ViewContents contents(const Folder& folder) {
  ftok::ViewContents contents;
  contents.folders = {ftok::view_folder(folder.path + "/model"), ftok::view_folder(folder.path + "/run")};
  return contents;
}

ftok::ViewRequest parse(std::string_view text) {
  ftok::ViewRequest request;
  const size_t line = std::min(text.find('\n'), text.size());
  if (line < text.size()) request.body = text.substr(line + 1);
  text = text.substr(0, line);
  const size_t query = std::min(text.find('?'), text.size());
  request.path = text.substr(0, query);
  for (size_t at = query + 1; at < text.size();) {
    const size_t end = std::min(text.find('&', at), text.size());
    const std::string_view pair = text.substr(at, end - at);
    const size_t equals = std::min(pair.find('='), pair.size());
    request.parameters.emplace(pair.substr(0, equals), equals < pair.size() ? pair.substr(equals + 1) : "");
    at = end + 1;
  }
  return request;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Folder folder;
  static const ftok::ViewAnswers answers(contents(folder));
  const ftok::ViewAnswer answer = answers.answer(parse({reinterpret_cast<const char*>(data), size}));
  if (answer.status != 200 && answer.status != 400 && answer.status != 404 && answer.status != 413) std::abort();
  if (answer.body.find(kSecret) != std::string::npos) std::abort();
  simdjson::dom::parser parser;
  if (std::string_view(answer.type) == "application/json" && parser.parse(answer.body).error() != simdjson::SUCCESS)
    std::abort();
  return 0;
}
