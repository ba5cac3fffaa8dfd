// The data of a run: opens its folders, checks them against the recipe, and mixes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/log.h"
#include "trainer/data/mixture.h"
#include "trainer/train.h"

namespace ftok {

// Throws UsageError where a folder's manifest and the recipe do not fit together, Error naming what cannot be read.
Mixture open_training_data(const TrainRecipe& recipe, const TrainInputs& inputs);

// None, with a warning, when no path was given and no folder of the data has validation shards, or when the shards hold
// no complete window.
std::optional<Mixture> open_validation_data(const TrainRecipe& recipe, const TrainInputs& inputs, const Log& log);

inline constexpr char kChatTemplateName[] = "chat.json";  // in a run's folder: the chat template of its data

// The chat template of the data, as JSON; "" when no data has one.
std::string chat_template_of(const TrainInputs& inputs);

// The windows of one path in the order of its shards: the validation shards, or all where there are none. `encoding`
// may be null.
Mixture open_evaluation_data(const std::string& path, const ModelConfig& model, const Encoding* encoding);

}  // namespace ftok
