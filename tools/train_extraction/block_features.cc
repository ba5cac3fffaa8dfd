// ftok_block_features: the scorer's features of every block of HTML files, for tools/train_extraction/train.py.
//   ftok_block_features OUT FILE...                  -> OUT.f32 (rows of kFeatureCount float32), OUT.jsonl (the blocks' texts, one page
//                                                       a line, its containers counted), OUT.{containers,names,blocks,
//                                                       phrases} (WordFiles)
//   ftok_block_features OUT --scores S.f32 FILE...   -> OUT.f32 (rows of kContextFeatureCount), from one score a block in S.f32
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "extract/blocks.h"
#include "extract/features.h"
#include "extract/metadata.h"
#include "extract/parser.h"
#include "extract/word_model.h"

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
  for (const Container& c : page.containers) put({c.parent, c.first_block, c.last_block, c.last_name - c.first_name}, files.containers);
  put(page.names, files.names);
  std::vector<uint32_t> phrases;
  for (uint32_t i = 0; i < page.blocks.size(); ++i) {
    const Block& block = page.blocks[i];
    phrases.clear();
    if (block.sums.words <= kPhraseWordsMax) phrases_of(page.text_of(block), phrases);
    put({block.container, structure.branch_of(i), block.sums.words, block.ancestors, static_cast<uint32_t>(phrases.size())}, files.blocks);
    put(phrases, files.phrases);
  }
}

void write_page(const std::string& path, std::FILE* scores, OutFile& matrix, OutFile* texts, WordFiles* words) {
  using namespace ftok::html;
  const std::string html = ftok::read_file(path);
  Dom dom;
  ftok::JsonWriter json;
  json.begin_object().field("file", path).key("blocks").begin_array();
  PageBlocks page;
  if (parse_html(html, {}, dom).status == ParseStatus::kDone) {
    const Metadata metadata = read_metadata(dom);
    cut_into_blocks(dom, {}, page);
    std::vector<float> rows;
    if (scores != nullptr) {
      std::vector<float> score(page.blocks.size());
      if (std::fread(score.data(), sizeof(float), score.size(), scores) != score.size()) throw ftok::Error("scores end early");
      compute_context_features(page, score, rows);
    } else {
      rows.resize(page.blocks.size() * kFeatureCount);
      const BlockFeatures features(page, {metadata.title, metadata.json_ld_type});
      std::vector<float> tile(kFeatureCount * kLanes);
      for (size_t i = 0; i < page.blocks.size(); ++i) {
        features.write_row(i, tile.data());
        for (size_t f = 0; f < kFeatureCount; ++f) rows[i * kFeatureCount + f] = tile[f * kLanes];
      }
    }
    std::fwrite(rows.data(), sizeof(float), rows.size(), matrix.file);
    if (words != nullptr) write_words(PageStructure(page, {metadata.title, metadata.json_ld_type}), *words);
    for (const Block& block : page.blocks) json.value(page.text_of(block));
  }
  json.end_array().field("containers", static_cast<uint64_t>(page.containers.size())).end_object();
  const std::string line = json.take() + "\n";
  if (texts != nullptr) std::fwrite(line.data(), 1, line.size(), texts->file);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: ftok_block_features OUT FILE...\n");
    return 2;
  }
  try {
    const std::string out = argv[1];
    int first = 2;
    std::FILE* scores = nullptr;
    if (std::string(argv[2]) == "--scores" && argc > 4) {
      scores = std::fopen(argv[3], "rb");
      if (scores == nullptr) throw ftok::Error(std::string("cannot read ") + argv[3]);
      first = 4;
    }
    OutFile matrix(out + ".f32");
    std::unique_ptr<OutFile> texts;
    std::unique_ptr<WordFiles> words;
    if (scores == nullptr) texts = std::make_unique<OutFile>(out + ".jsonl"), words = std::make_unique<WordFiles>(out);
    for (int i = first; i < argc; ++i) write_page(argv[i], scores, matrix, texts.get(), words.get());
    if (scores != nullptr) std::fclose(scores);
  } catch (const ftok::Error& error) {
    std::fprintf(stderr, "ftok_block_features: %s\n", error.what());
    return 1;
  }
  return 0;
}
