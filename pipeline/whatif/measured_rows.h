// MeasuredRows: files of measures, read into columns.
#pragma once

#include <string>
#include <vector>

#include "document/stats.h"
#include "pipeline/recipe_config.h"
#include "pipeline/whatif/dedup_replay.h"
#include "pipeline/whatif/measure_block.h"

namespace ftok {

struct MeasuredRows {
  RecipeConfig recipe;  // that they were measured with
  WantedColumns wanted;
  RepeatedTexts texts;
  std::vector<MeasureBlock> blocks;  // in the order of the rows, without keys
  DedupReplay repeats;               // rows are its documents
  Tally measured;                    // at the recipe's thresholds

  explicit MeasuredRows(const RecipeConfig& measured_with) : recipe(measured_with), repeats(measured_with) {}
};

// Reads the files into `rows`, all but `measured`. `threads`: 0: all cores. Throws Error for a file that is not what
// --measure writes, with its line.
void read_measures(const std::vector<std::string>& files, size_t threads, MeasuredRows& rows);

// The stages whose verdicts name a language.
std::vector<std::string> language_stages(const RecipeConfig& recipe);

}  // namespace ftok
