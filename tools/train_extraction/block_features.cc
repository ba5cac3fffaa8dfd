// ftok_block_features: the scorer's features of every block of HTML files, for tools/train_extraction/train.py.
//
//   ftok_block_features OUT FILE...
//     OUT.f32: rows of float32, one per block; OUT.features.json: their names and the hash of these
//     OUT.jsonl: the texts of a page's blocks and the number of its containers, one page per line
//     OUT.{containers,names,blocks,phrases}: WordFiles
//   ftok_block_features OUT --scores S.f32 FILE...
//     OUT.f32: rows of the second pass, from one score per block in S.f32
//   ftok_block_features OUT --texts P.f32 SHARE FILE...
//     OUT.jsonl: file, text, one 0 or 1 per block, as the product would choose and lay out with one probability per
//     block in P.f32 and the cut at SHARE
//
// Pages are decoded as `ftok extract` decodes them.
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "crawl/charset.h"
#include "extract/content/extract_steps.h"
#include "extract/content/features.h"
#include "extract/content/main_content.h"
#include "extract/content/word_model.h"

namespace {

struct OutFile {
  explicit OutFile(const std::string& path) : file(std::fopen(path.c_str(), "wb")) {
    if (file == nullptr) throw ftok::Error("cannot write " + path);
  }
  ~OutFile() { std::fclose(file); }
  std::FILE* file;
};

// What words are made of, so that train.py can weigh them fold by fold. Flat arrays of uint32:
struct WordFiles {
  explicit WordFiles(const std::string& out)
      : containers(out + ".containers"), names(out + ".names"), blocks(out + ".blocks"), phrases(out + ".phrases") {}
  OutFile containers;  // parent, first block, last block, names
  OutFile names;       // hashes, container by container
  OutFile blocks;      // container, branch, words, ancestors, phrases
  OutFile phrases;     // hashes, block by block
};

void put(const std::vector<uint32_t>& values, const OutFile& out) {
  std::fwrite(values.data(), sizeof(uint32_t), values.size(), out.file);
}

void write_words(const ftok::html::PageStructure& structure, const WordFiles& files) {
  using namespace ftok::html;
  const PageBlocks& page = structure.page;
  for (const Container& c : page.containers)
    put({c.parent, c.first_block, c.last_block, c.last_name - c.first_name}, files.containers);
  put(page.names, files.names);
  std::vector<uint32_t> phrases;
  for (uint32_t i = 0; i < page.blocks.size(); ++i) {
    const Block& block = page.blocks[i];
    phrases.clear();
    if (block.sums.words <= kPhraseWordsMax) phrases_of(page.text_of(block), phrases);
    put({block.container, structure.branch_of(i), block.sums.words, block.ancestors,
         static_cast<uint32_t>(phrases.size())},
        files.blocks);
    put(phrases, files.phrases);
  }
}

std::string read_page(const std::string& path) {
  const std::string bytes = ftok::read_file(path);
  std::string page;
  ftok::decode_text(ftok::choose_charset(bytes, "").encoding, bytes, page);
  return page;
}

void read_scores(std::FILE* file, std::vector<float>& scores) {
  if (std::fread(scores.data(), sizeof(float), scores.size(), file) != scores.size())
    throw ftok::Error("scores end early");
}

void put_line(ftok::JsonWriter& json, const OutFile& out) {
  const std::string line = json.take() + "\n";
  std::fwrite(line.data(), 1, line.size(), out.file);
}

void write_rows(const std::vector<float>& rows, const OutFile& out) {
  std::fwrite(rows.data(), sizeof(float), rows.size(), out.file);
}

void put_names(ftok::JsonWriter& json, const char* row, size_t room, const auto& names) {
  json.key(row).begin_object().field("room", static_cast<uint64_t>(room)).key("names").begin_array();
  for (const std::string_view name : names) json.value(name);
  json.end_array().end_object();
}

// What train.py needs to know of the rows, and writes the hash of into the model.
void write_schema(const std::string& path) {
  using namespace ftok::html;
  const OutFile out(path);
  ftok::JsonWriter json;
  json.begin_object().field("schema", fmt::format("0x{:016X}", kFeatureSchema));
  put_names(json, "features", kFeatureCount, kFeatureNames);
  put_names(json, "context", kContextFeatureCount, kContextFeatureNames);
  json.end_object();
  put_line(json, out);
}

// Features, texts and words of a page, for training.
void write_page(const std::string& path, const OutFile& matrix, const OutFile& texts, const WordFiles& words) {
  using namespace ftok::html;
  const std::string html = read_page(path);
  ExtractSteps steps;
  steps.parse(html, {});
  const PageBlocks& page = steps.page;
  const PageFacts facts = steps.facts();
  const PageStructure structure(page, facts);
  std::unique_ptr<const BlockFeatures> features;  // a page without blocks has none
  if (!page.blocks.empty()) features = std::make_unique<const BlockFeatures>(structure, facts);
  std::vector<float> rows(page.blocks.size() * kFeatureCount), tile(kFeatureCount * kLanes);
  for (size_t i = 0; i < page.blocks.size(); ++i) {
    features->write_tile(i, i + 1, tile.data());
    for (size_t f = 0; f < kFeatureCount; ++f) rows[i * kFeatureCount + f] = tile[f * kLanes];
  }
  write_rows(rows, matrix);
  write_words(structure, words);
  ftok::JsonWriter json;
  json.begin_object().field("file", path).key("blocks").begin_array();
  for (const Block& block : page.blocks) json.value(page.text_of(block));
  json.end_array().field("containers", static_cast<uint64_t>(page.containers.size())).end_object();
  put_line(json, texts);
}

void write_context(const std::string& path, std::FILE* scores, const OutFile& matrix) {
  const std::string html = read_page(path);
  ftok::html::ExtractSteps steps;
  steps.parse(html, {});
  using namespace ftok::html;
  const size_t n = steps.page.blocks.size();
  std::vector<float> score(n), rows(n * kContextFeatureCount), tile(kContextFeatureCount * kLanes);
  read_scores(scores, score);
  const PageFacts facts = steps.facts();
  const PageStructure structure(steps.page, facts);
  if (n == 0) return;
  ContextFeatures context(structure, score);
  for (size_t i = 0; i < n; ++i) {
    context.write_row(i, tile.data());
    for (size_t f = 0; f < kContextFeatureCount; ++f) rows[i * kContextFeatureCount + f] = tile[f * kLanes];
  }
  write_rows(rows, matrix);
}

// What `ftok extract` would write, were these the model's scores.
void write_text(const std::string& path, std::FILE* scores, double share, const OutFile& out) {
  using namespace ftok::html;
  const std::string html = read_page(path);
  ExtractSteps steps;
  steps.parse(html, {});
  std::vector<float> score(steps.page.blocks.size());
  read_scores(scores, score);
  ContentOptions options;
  options.caution = share;
  steps.choice = choose_content(steps.page, steps.facts(), options, &score);
  ftok::ExtractResult result;
  steps.lay_out({}, result);
  ftok::JsonWriter json;
  json.begin_object().field("file", path).field("text", result.text).key("keep").begin_array();
  for (const uint8_t keep : steps.choice.keep) json.value(static_cast<uint64_t>(keep));
  json.end_array().end_object();
  put_line(json, out);
}

void run(const std::vector<std::string>& arguments) {
  const std::string& out = arguments[0];
  const std::string mode = arguments[1].substr(0, 2) == "--" ? arguments[1] : "";
  if (mode.empty()) {
    const OutFile matrix(out + ".f32"), texts(out + ".jsonl");
    const WordFiles words(out);
    write_schema(out + ".features.json");
    for (size_t i = 1; i < arguments.size(); ++i) write_page(arguments[i], matrix, texts, words);
    return;
  }
  const size_t first = mode == "--scores" ? 3 : 4;
  if (arguments.size() <= first || (mode != "--scores" && mode != "--texts"))
    throw ftok::UsageError("see the head of block_features.cc");
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> scores(std::fopen(arguments[2].c_str(), "rb"), std::fclose);
  if (scores == nullptr) throw ftok::Error("cannot read " + arguments[2]);
  const OutFile file(out + (mode == "--scores" ? ".f32" : ".jsonl"));
  const double share = mode == "--texts" ? std::stod(arguments[3]) : 0;
  for (size_t i = first; i < arguments.size(); ++i) {
    if (mode == "--scores") write_context(arguments[i], scores.get(), file);
    else write_text(arguments[i], scores.get(), share, file);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: ftok_block_features OUT [--scores S.f32 | --texts P.f32 SHARE] FILE...\n");
    return 2;
  }
  try {
    run({argv + 1, argv + argc});
  } catch (const ftok::Error& error) {
    std::fprintf(stderr, "ftok_block_features: %s\n", error.what());
    return 1;
  }
  return 0;
}
