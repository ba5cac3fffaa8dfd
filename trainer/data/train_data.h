// The data of a run: its folders opened, held against the recipe, and mixed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/log.h"
#include "trainer/mixture.h"
#include "trainer/train.h"

namespace ftok {

// Throws UsageError where a stage of the mixture names data that is not there; nothing is read.
void check_stages(const TrainRecipe& recipe, const TrainInputs& inputs);

// Throws UsageError where a folder's manifest and the recipe do not fit together, Error naming what cannot be read.
Mixture open_training_data(const TrainRecipe& recipe, const TrainInputs& inputs);

// None, with a warning, when no path was given and no folder of the data has shards for it, and where they hold no
// whole window.
std::optional<Mixture> open_validation_data(const TrainRecipe& recipe, const TrainInputs& inputs, const Log& log);

inline constexpr char kDataChecksumsName[] =
    "data-checksums.json";  // in a run's folder (trainer/data/file_checksums.h)

// The chat template of the data, as JSON; "" where no data has one.
std::string chat_template_of(const TrainInputs& inputs);

}  // namespace ftok
