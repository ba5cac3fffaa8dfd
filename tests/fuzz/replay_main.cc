// Replays fuzz inputs without libFuzzer: NAME_fuzz FOLDER_OR_FILE... calls the target with the empty input, with every
// file (folders are walked, names in order) and with every shorter beginning of it. A target that fails does not
// return.
//
// Every truncation of a large file would take quadratic time, so beyond kEveryByte the lengths are spread evenly.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr size_t kEveryByte = 4096;  // truncations a file

// The input in a buffer of exactly its size, so that the address sanitizer sees a read beyond its end.
void run_target(const std::string& bytes, size_t size) {
  const std::vector<uint8_t> input(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

size_t replay(const std::string& bytes) {
  const size_t step = std::max<size_t>(1, bytes.size() / kEveryByte);
  size_t runs = 0;
  for (size_t size = 0; size < bytes.size(); size += step, ++runs) run_target(bytes, size);
  run_target(bytes, bytes.size());
  return runs + 1;
}

std::vector<std::filesystem::path> files_of(const char* argument) {
  std::vector<std::filesystem::path> files;
  if (std::filesystem::is_directory(argument)) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argument)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
  } else {
    files.emplace_back(argument);
  }
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  size_t files = 0, runs = 1;
  run_target("", 0);
  for (int i = 1; i < argc; ++i) {
    for (const std::filesystem::path& path : files_of(argv[i])) {
      std::ifstream in(path, std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
      if (!in) {
        std::fprintf(stderr, "cannot read %s\n", path.c_str());
        return 1;
      }
      runs += replay(bytes);
      ++files;
    }
  }
  if (files == 0) {
    std::fprintf(stderr, "no inputs: give a folder of seeds\n");
    return 1;
  }
  std::printf("%zu files, %zu executions\n", files, runs);
  return 0;
}
