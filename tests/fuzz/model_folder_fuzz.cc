// Folders of Hugging Face's models, from any bytes: an Error, or a model of no more weights than the files hold;
// where all are finite numbers, it comes back the same when it is written and read again. Links ftok::trainer.
//
// The input is config.json, model.safetensors.index.json and up to two files of weights, each ended by a line "--". An
// index without bytes is left out, and the first file is then model.safetensors.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <unistd.h>

#include "core/error.h"
#include "trainer/files/hugging_face.h"
#include "trainer/model_file.h"

namespace {

namespace fs = std::filesystem;

// A folder of this process, in memory where the system has such a place.
const fs::path& folder() {
  static const struct Folder {
    fs::path path;
    Folder() {
      const fs::path base = fs::is_directory("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path();
      path = base / ("ftok-fuzz-" + std::to_string(::getpid()));
      fs::create_directories(path);
    }
    ~Folder() {
      std::error_code ignored;
      fs::remove_all(path, ignored);
    }
  } made;
  return made.path;
}

void put(const char* name, std::string_view bytes) {
  std::ofstream(folder() / name, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::string_view take_part(std::string_view& rest) {
  constexpr std::string_view kEnd = "\n--\n";
  const size_t end = rest.find(kEnd);
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + kEnd.size());
  return part;
}

void check_round_trip(const ftok::ModelFile& model) {
  const fs::path out = folder() / "written";
  fs::create_directories(out);
  try {
    ftok::write_hugging_face(out.string(), model.config, model.parameters, {});
  } catch (const ftok::UsageError&) {  // equations that no family there has
    return;
  }
  const ftok::ModelFile again = ftok::read_hugging_face((out / ftok::kWeightsName).string(), 0);
  if (again.parameters != model.parameters) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string_view config = take_part(rest), index = take_part(rest);
  const std::string_view first = take_part(rest), second = take_part(rest);
  put("config.json", config);
  put("model-1.safetensors", first);
  put("model-2.safetensors", second);
  const char* const weights = index.empty() ? "model-1.safetensors" : ftok::kWeightsIndexName;
  put(ftok::kWeightsIndexName, index);
  try {
    const ftok::ModelFile model = ftok::read_hugging_face((folder() / weights).string(), 0);
    const auto is_finite = [](float value) { return std::isfinite(value); };
    if (!std::all_of(model.parameters.begin(), model.parameters.end(), is_finite)) return 0;  // read_model refuses them
    if (model.parameters.size() > size + 128 * static_cast<size_t>(model.config.channels)) std::abort();
    check_round_trip(model);
  } catch (const ftok::Error&) {
  }
  return 0;
}
