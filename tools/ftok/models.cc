#include "tools/ftok/models.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "core/amounts.h"
#include "core/error.h"
#include "core/file.h"
#include "core/live_area.h"
#include "core/nearest_name.h"
#include "core/sha256.h"
#include "core/shown.h"
#include "crawl/decoded_input.h"
#include "crawl/download.h"
#include "crawl/host_not_found.h"
#include "tools/ftok/bundled.h"

namespace ftok::cli {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kArchiveTextMax = uint64_t{1} << 30;

constexpr char kFastTextUrl[] = "https://dl.fbaipublicfiles.com/fasttext/supervised-models/";
constexpr char kRanksUrl[] = "https://openaipublic.blob.core.windows.net/encodings/";
constexpr char kGpt2Url[] = "https://openaipublic.blob.core.windows.net/gpt-2/encodings/main/";
constexpr char kHubUrl[] = "https://huggingface.co/";
constexpr char kDolmaUrl[] = "https://dolma-artifacts.org/fasttext_models/jigsaw_fasttext_bigrams_20230515/";
// The commit that C4's code names.
constexpr char kBadWordsUrl[] =
    "https://raw.githubusercontent.com/LDNOOBW/List-of-Dirty-Naughty-Obscene-and-Otherwise-Bad-Words/"
    "25e679f03d96baa721cde20db9944649e8d0a844/en";
constexpr char kUt1Url[] = "https://dsi.ut-capitole.fr/blacklists/download/";

// The categories of FineWeb's URL filter (datatrove, URLFilter).
constexpr const char* kUt1Categories[] = {"adult", "agressif",    "arjel",    "chat",        "dating",
                                          "ddos",  "filehosting", "gambling", "mixed_adult", "phishing"};

PublishedFile ut1_file(const std::string& category) {
  return {category + ".tar.gz", kUt1Url + category + ".tar.gz", ""};
}

Model ranks(const std::string& name, const std::string& what, const std::string& sha256) {
  const std::string file = name + ".tiktoken";
  return {name, what, "MIT", {{file, kRanksUrl + file, sha256}}, file};
}

Model fasttext(const std::string& name, const std::string& what, const std::string& sha256) {
  return {name, what, "CC-BY-SA-3.0", {{name, kFastTextUrl + name, sha256}}, name};
}

// A fastText classifier that is published without a digest: what is fetched first is recorded.
Model classifier(const std::string& name, const std::string& what, const std::string& licence, const std::string& url) {
  return {name, what, licence, {{name + ".bin", url, ""}}, name + ".bin"};
}

std::vector<Model> classifiers() {
  return {
      classifier("dclm-oh-eli5", "DCLM-Baseline's quality (labels hq and cc)", "MIT",
                 kHubUrl + std::string("mlfoundations/fasttext-oh-eli5/resolve/main/"
                                       "openhermes_reddit_eli5_vs_rw_v2_bigram_200k_train.bin")),
      classifier("dolma-hatespeech", "dolma's hate speech, trained on Jigsaw's comments", "Apache-2.0",
                 kDolmaUrl + std::string("jigsaw_fasttext_bigrams_hatespeech_final.bin")),
      classifier("dolma-nsfw", "dolma's adult content, trained on Jigsaw's comments", "Apache-2.0",
                 kDolmaUrl + std::string("jigsaw_fasttext_bigrams_nsfw_final.bin")),
      classifier("dolma-quality", "dolma 1.7's quality", "Apache-2.0",
                 kHubUrl + std::string("allenai/dolma-1_7-fasttext-quality-filter/resolve/main/model.bin")),
      classifier("glotlid", "GlotLID v3, languages as eng_Latn (FineWeb-2's)", "Apache-2.0",
                 kHubUrl + std::string("cis-lmu/glotlid/resolve/main/model_v3.bin")),
      classifier(
          "textbook-quality", "educational value (labels High, Mid, Low)", "MIT",
          kHubUrl + std::string("kenhktsui/llm-data-textbook-quality-fasttext-classifier-v2/resolve/main/model.bin")),
      {"ldnoobw", "C4's list of bad words, English", "CC-BY-4.0", {{"ldnoobw", kBadWordsUrl, ""}}, "ldnoobw"},
  };
}

std::vector<Model> make_models() {
  std::vector<Model> models = {
      ranks("cl100k_base", "OpenAI's 100k vocabulary (ranks)",
            "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"),
      {"gpt2",
       "GPT-2's vocabulary (merges and ids)",
       "MIT",
       {{"vocab.bpe", kGpt2Url + std::string("vocab.bpe"),
         "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5"},
        {"encoder.json", kGpt2Url + std::string("encoder.json"),
         "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783"}},
       "gpt2/vocab.bpe"},
      fasttext("lid.176.bin", "fastText language identification, 176 languages (FineWeb's)",
               "7e69ec5451bc261cc7844e49e4792a85d7f09c06789ec800fc4a44aec362764e"),
      fasttext("lid.176.ftz", "the same, compressed to 0.9 MB",
               "8f3472cfe8738a7b6099e8e999c3cbfae0dcd15696aac7d7738a8039db603e83"),
      ranks("o200k_base", "OpenAI's 200k vocabulary (ranks)",
            "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"),
      ranks("p50k_base", "OpenAI's 50k vocabulary for code (ranks)",
            "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069"),
      ranks("r50k_base", "GPT-2's vocabulary as ranks",
            "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930"),
  };
  Model ut1{"ut1", "UT1 domain and URL lists, the ten categories of FineWeb's filter", "CC-BY-SA-4.0", {}, "ut1", true};
  for (const char* category : kUt1Categories) ut1.files.push_back(ut1_file(category));
  models.push_back(std::move(ut1));
  for (Model& model : classifiers()) models.push_back(std::move(model));
  std::sort(models.begin(), models.end(), [](const Model& a, const Model& b) { return a.name < b.name; });
  return models;
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The folder a model's files go to.
std::string folder_of(const Model& model) {
  const std::string folder = model_folder();
  if (model.unpacked) return folder + "/ut1";
  return model.files.size() > 1 ? folder + "/" + model.name : folder;
}

// The category of a UT1 archive.
std::string category_of(const PublishedFile& file) { return file.name.substr(0, file.name.find('.')); }

std::string lock_path(const Model& model, const PublishedFile& file) {
  return folder_of(model) + "/" + file.name + ".sha256";
}

// Whether a file of the model is there, whole.
bool is_there(const Model& model, const PublishedFile& file) {
  std::error_code code;
  if (!model.unpacked) return fs::exists(folder_of(model) + "/" + file.name, code);
  return fs::exists(folder_of(model) + "/" + category_of(file), code) && fs::exists(lock_path(model, file), code);
}

// The digest a file must have; "" when any will do.
std::string required_digest(const Model& model, const PublishedFile& file, bool refresh) {
  if (!file.sha256.empty() || refresh) return file.sha256;
  std::error_code code;
  const std::string lock = lock_path(model, file);
  if (!fs::exists(lock, code)) return "";
  const std::string text = read_file(lock, 4096);
  return text.substr(0, text.find(' '));
}

// Where to take a file from: the official URL, or below --from.
std::string origin_of(const Model& model, const PublishedFile& file, const std::string& from) {
  if (from.empty()) return file.url;
  if (is_http_url(from)) return from.ends_with('/') ? from + file.name : from;
  if (fs::is_directory(from)) return (fs::path(from) / file.name).string();
  if (model.files.size() > 1) {
    throw UsageError(fmt::format("--from: {} has {} files; expected a folder, or a URL that ends in '/'", model.name,
                                 model.files.size()));
  }
  return from;
}

// Unpacks or moves the fetched or given file into place.
void install(const Model& model, const PublishedFile& file, const std::string& path, bool move) {
  if (model.unpacked) {
    const auto input = make_decoded_input(open_file_source(path));
    std::string tar;
    while (input->grow()) {
      tar += input->window();
      input->consume(input->window().size());
      if (tar.size() > kArchiveTextMax) throw Error("cannot unpack " + path + ": larger than 1 GiB");
    }
    if (const auto damage = input->take_damage(); !damage.empty()) {
      throw Error(fmt::format("cannot unpack {}: {} at byte {}", path, damage[0].code.view(), damage[0].offset));
    }
    unpack_ut1(tar, folder_of(model), path);
    return;
  }
  const std::string target = folder_of(model) + "/" + file.name;
  if (move) {
    std::error_code code;
    fs::rename(path, target, code);
    if (code) throw Error("cannot move " + path + " to " + target + ": " + code.message());
    return;
  }
  AtomicFile copy(target);
  const auto source = open_file_source(path);
  std::string block(1 << 20, '\0');
  while (const size_t got = source->read(block.data(), block.size())) copy.write({block.data(), got});
  copy.commit();
}

void remove_download(const std::string& path) {
  std::error_code code;
  fs::remove(path, code);
  fs::remove(path + ".receipt.json", code);
}

std::string download_text(const std::string& name, uint64_t bytes, uint64_t total, double seconds) {
  const auto got = static_cast<double>(bytes), all = static_cast<double>(total), rate = got / std::max(seconds, 1e-3);
  std::string text = fmt::format("{}: {}", name, bytes_text(got));
  if (total > bytes) text += fmt::format(" of {}", bytes_text(all));
  text += fmt::format(", {}/s", bytes_text(rate));
  if (total > bytes && rate > 0) text += fmt::format(", {} left", duration_text((all - got) / rate));
  return text;
}

// -> the SHA-256 of what was fetched
std::string download(const PublishedFile& file, const std::string& origin, const std::string& path,
                     const FetchOptions& fetch, const Log& log) {
  LiveLine line(!log);
  const auto show = [&](uint64_t bytes, uint64_t total) {
    line.show([&] { return download_text(file.name, bytes, total, line.seconds()); });
  };
  try {
    return download_file(origin, path, fetch, log ? line.above(log) : log, show).receipt.sha256;
  } catch (const HostNotFound& error) {
    throw Error(
        fmt::format("{}; `--from FILE` takes {} from a file that was fetched elsewhere", error.what(), file.name));
  }
}

void get_file(const Model& model, const PublishedFile& file, const GetModelOptions& options, const Log& log) {
  const std::string origin = origin_of(model, file, options.from);
  const bool remote = is_http_url(origin);
  std::string path = origin, digest;
  if (remote) {
    path = model_folder() + "/downloads/" + file.name;
    std::error_code code;
    if (options.refresh) fs::remove(path + ".receipt.json", code);
    if (log) log(LogLevel::kInfo, "fetching " + shown_input(origin));
    digest = download(file, origin, path, options.fetch, log);
  } else {
    digest = Sha256::of_file(path);
  }
  const std::string required = required_digest(model, file, options.refresh);
  if (!required.empty() && digest != required) {
    if (remote) remove_download(path);
    throw Error(fmt::format(
        "{} is not the {} expected: its SHA-256 is {}, expected {}{}", shown_input(origin), file.name, digest, required,
        file.sha256.empty() ? " (recorded when it was first fetched; --refresh takes the new one)" : ""));
  }
  install(model, file, path, remote);
  if (remote) remove_download(path);
  if (file.sha256.empty()) write_file(lock_path(model, file), digest + "  " + file.name + "\n");
}

}  // namespace

bool is_vocabulary(const Model& model) {
  return model.entry.ends_with(".tiktoken") || model.entry.ends_with("vocab.bpe");
}

const std::vector<Model>& known_models() {
  static const std::vector<Model> models = make_models();
  return models;
}

Model model_named(const std::string& name) {
  std::vector<std::string> names;
  for (const Model& model : known_models()) {
    if (model.name == name) return model;
    names.push_back(model.name);
  }
  if (name.starts_with("ut1/") && name.size() > 4 && name.size() < 64 &&
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-", 4) == std::string::npos) {
    return {name, "one category of the UT1 lists", "CC-BY-SA-4.0", {ut1_file(name.substr(4))}, name, true};
  }
  const std::string nearest = nearest_name(name, names);
  throw UsageError(fmt::format("unknown model '{}'{}; there are {}", name,
                               nearest.empty() ? "" : ", did you mean '" + nearest + "'?", fmt::join(names, ", ")));
}

std::string cache_folder() {
  if (std::string cache = environment("FTOK_CACHE"); !cache.empty()) return cache;
  if (const std::string cache = environment("XDG_CACHE_HOME"); !cache.empty()) return cache + "/ftok";
  if (const std::string home = environment("HOME"); !home.empty()) return home + "/.cache/ftok";
  throw Error("no folder for models and work in progress: set FTOK_CACHE or HOME");
}

std::string model_folder() { return cache_folder() + "/models"; }

std::string cached_model(const Model& model) {
  for (const PublishedFile& file : model.files) {
    if (!is_there(model, file)) return "";
  }
  return model_folder() + "/" + model.entry;
}

std::string fetched_model(const std::string& name) {
  try {
    return cached_model(model_named(name));
  } catch (const Error&) {  // no such name, or no folder for models
    return "";
  }
}

std::string find_model(const std::string& name_or_path) {
  refuse_address(name_or_path);
  std::error_code code;
  if (fs::exists(name_or_path, code)) return name_or_path;
  for (const std::string& relative :
       {"models/" + name_or_path, "models/" + name_or_path + ".ftz", "vocab/" + name_or_path,
        "vocab/" + name_or_path + ".tiktoken", "lists/" + name_or_path}) {
    if (std::string path = bundled_file(relative); !path.empty()) return path;
  }
  Model model;
  try {
    model = model_named(name_or_path);
  } catch (const UsageError& error) {
    throw Error(fmt::format("cannot find '{}': no such file, no bundled one, and an {}", name_or_path, error.what()));
  }
  if (std::string path = cached_model(model); !path.empty()) return path;
  throw Error(fmt::format("{0} is not on this machine; fetch it with: ftok models get {0}", model.name));
}

std::string get_model(const Model& model, const GetModelOptions& options, const Log& log) {
  if (const std::string path = cached_model(model); !path.empty() && !options.refresh && options.from.empty())
    return path;
  make_folder(folder_of(model));
  const FolderLock lock(model_folder());
  for (const PublishedFile& file : model.files) {
    if (!is_there(model, file) || options.refresh || !options.from.empty()) get_file(model, file, options, log);
  }
  return cached_model(model);
}

size_t unpack_ut1(std::string_view tar, const std::string& folder, const std::string& name) {
  constexpr size_t kBlock = 512;  // POSIX.1-1988 ustar: a header block, then the file in whole blocks
  size_t lists = 0;
  for (size_t at = 0; at + kBlock <= tar.size();) {
    const std::string_view header = tar.substr(at, kBlock);
    if (header.find_first_not_of('\0') == std::string_view::npos) break;  // the end mark
    unsigned sum = 0;
    for (size_t i = 0; i < kBlock; ++i) sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(header[i]);
    const auto octal = [&](size_t from, size_t size) {
      uint64_t value = 0;
      for (const char c : header.substr(from, size)) {
        if (c >= '0' && c <= '7') value = value * 8 + static_cast<uint64_t>(c - '0');
      }
      return value;
    };
    if (octal(148, 8) != sum) throw Error(fmt::format("cannot unpack {}: not a tar archive at byte {}", name, at));
    const uint64_t size = octal(124, 12);
    at += kBlock;
    if (size > tar.size() - at) throw Error(fmt::format("cannot unpack {}: truncated at byte {}", name, tar.size()));
    const std::string path(header.substr(0, std::min<size_t>(header.find('\0'), 100)));
    const size_t slash = path.rfind('/');
    const std::string list = slash == std::string::npos ? "" : path.substr(slash + 1);
    const bool is_file = header[156] == '0' || header[156] == '\0';
    if (is_file && (list == "domains" || list == "urls")) {
      const std::string category = fs::path(path).parent_path().filename().string();
      if (category.empty() || category == "." || category == "..")
        throw Error("cannot unpack " + name + ": it holds " + path);
      make_folder(folder + "/" + category);
      write_file(folder + "/" + category + "/" + list, tar.substr(at, size));
      ++lists;
    }
    at += (size + kBlock - 1) / kBlock * kBlock;
  }
  if (lists == 0) throw Error("cannot unpack " + name + ": it holds no list of domains or URLs");
  return lists;
}

}  // namespace ftok::cli
