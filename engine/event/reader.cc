#include "engine/event/reader.h"

#include <simdjson.h>

#include <cstring>
#include <utility>

#include "engine/event/internal/compiled_plan.h"
#include "engine/event/internal/finish.h"
#include "engine/event/internal/split.h"
#include "engine/event/internal/walker.h"

namespace tocsin::event {
namespace {

using simdjson::error_code;

const char* Reason(error_code error) {
  switch (error) {
    case simdjson::UTF8_ERROR: return "not UTF-8";
    case simdjson::UNCLOSED_STRING: return "not JSON: a string is not closed";
    case simdjson::UNESCAPED_CHARS: return "not JSON: a control character inside a string";
    case simdjson::STRING_ERROR: return "not JSON: a wrong escape inside a string";
    case simdjson::NUMBER_ERROR: return "not JSON: a wrong number";
    case simdjson::T_ATOM_ERROR:
    case simdjson::F_ATOM_ERROR:
    case simdjson::N_ATOM_ERROR: return "not JSON: neither true, false nor null";
    case simdjson::DEPTH_ERROR: return "nested too deep";
    case simdjson::INCOMPLETE_ARRAY_OR_OBJECT: return "not JSON: it ends before its brackets close";
    case simdjson::MEMALLOC:
    case simdjson::CAPACITY: return "too large for memory";
    default: return "not JSON";
  }
}

// A key's text between its quotes. The parser has seen that they close.
std::string_view RawKey(ondemand::field& field) {
  const char* raw = field.key().raw();
  size_t end = 0;
  while (raw[end] != '"') end += raw[end] == '\\' ? 2 : 1;
  return {raw, end};
}

constexpr char kTooLong[] = "longer than max_event";
constexpr char kNoObject[] = "not an event: no JSON object";
constexpr char kNoEvents[] = "an array of something else than events";
constexpr char kTrailing[] = "not JSON: something behind the event";
constexpr char kNotDelimited[] = "not JSON: what follows cannot be told apart";

}  // namespace

class Reader::Impl {
 public:
  Impl(std::shared_ptr<const Plan> plan, const InputTable& inputs)
      : plan_(std::move(plan)), compiled_(static_cast<const CompiledPlan&>(*plan_)), inputs_(inputs), walker_(compiled_.field_count(), parser_), finisher_(compiled_, walker_) {
    counters_.by_source.resize(compiled_.content().sources.size());
  }

  void Start(const Batch& batch) {
    batch_ = &batch;
    next_document_ = 0;
    mode_ = Mode::kNone;
    rest_ = {};
  }

  bool Next() {
    for (;;) {
      switch (mode_) {
        case Mode::kNone:
          if (!NextDocument()) return false;
          break;
        case Mode::kValue:
          if (TakeValue()) return true;
          break;
        case Mode::kElements:
          if (TakeElement()) return true;
          break;
      }
    }
  }

  const EventView& event() const { return event_; }
  std::vector<BadRecord> TakeBad() { return std::exchange(bad_, {}); }
  const ReaderCounters& counters() const { return counters_; }
  void set_next_number(uint64_t number) { number_ = number; }
  uint64_t next_number() const { return number_; }

 private:
  // kNone: between documents. kValue: `rest_` begins with a value that is not yet parsed. kElements: inside an array of events.
  enum class Mode : uint8_t { kNone, kValue, kElements };

  bool NextDocument() {
    if (next_document_ == batch_->documents.size()) return false;
    document_ = &batch_->documents[next_document_++];
    counters_.bytes += document_->size;
    index_ = 0;
    rest_ = TrimJson(batch_->text(*document_));
    mode_ = rest_.empty() ? Mode::kNone : Mode::kValue;
    alone_ = false;
    return true;
  }

  // One value at the front of rest_: an event, or an array or envelope of them.
  bool TakeValue() {
    rest_ = TrimJson(rest_);
    if (rest_.empty()) return EndDocument();
    if (rest_.front() != '{' && rest_.front() != '[') return FailRest(kNoObject);
    // Values one after the other are delimited first: parsing the whole rest for each would be quadratic.
    std::string_view text = rest_;
    if (alone_) {
      const size_t size = BracketedSize(rest_);
      if (size == 0) return FailRest(kNotDelimited);
      text = rest_.substr(0, size);
    }
    if (const error_code error = parser_.iterate(text.data(), text.size(), text.size() + kPadding).get(json_)) return FailValue(text, Reason(error));
    if (text.front() == '[') {
      if (const error_code error = json_.get_array().get(array_)) return FailValue(text, Reason(error));
      value_ = text;
      return OpenArray();
    }
    if (const error_code error = json_.get_object().get(object_)) return FailValue(text, Reason(error));
    value_ = text;
    return TakeRootObject();
  }

  bool TakeRootObject() {
    // Leaves are taken along where they will be needed. If that fails, the event is read once more without: whether it is bad
    // must not depend on the events before it.
    walker_.WantLeaves(leaves_guess_ && !std::exchange(without_leaves_, false));
    BeginEvent();
    Walker::Found found;
    error_code error = WalkGuess(object_, &found);
    if (error) return FailRoot(error);
    if (found == Walker::Found::kUnwrap) return OpenEnvelope();
    if (found == Walker::Found::kEnvelope) error = WalkEnvelope(object_);
    if (error) return FailRoot(error);
    // Where the object ended: what follows decides whether this text is an event at all.
    const std::string_view raw = ConsumedText(value_);
    const std::string_view behind = TrimJson(value_.substr(raw.size()));
    if (!behind.empty() && behind.front() != '{' && behind.front() != '[') return FailValue(value_, kTrailing);
    if (raw.size() > kMaxEventBytes) return FailValue(raw, kTooLong);
    error = Complete(object_, raw);
    if (error) return FailRoot(error);
    Advance(raw.size());
    alone_ = true;  // whatever follows is another value in the same text
    return true;
  }

  bool FailRoot(error_code error) {
    if (!walker_.wants_leaves()) return FailValue(value_, Reason(error));
    without_leaves_ = true;
    return false;
  }

  // {"Records": [...]}: the object is entered once more, up to its next array to unwrap.
  bool OpenEnvelope() {
    envelope_keys_ = 0;
    return NextEnvelopeArray();
  }

  // The envelope's (envelope_keys_)-th array; an envelope that names its array twice gives both.
  bool NextEnvelopeArray() {
    bool empty = false;
    if (const error_code error = object_.reset().get(empty)) return FailValue(value_, Reason(error));
    size_t met = 0;
    for (auto result : object_) {
      ondemand::field field;
      if (const error_code error = std::move(result).get(field)) return FailEnvelope(error);
      std::string_view key;
      if (const error_code error = walker_.Unescape(RawKey(field), &key)) return FailEnvelope(error);
      const Trie& trie = compiled_.source(guess_).trie;
      const TrieEdge* edge = trie.Find(trie.node(Trie::kRoot), key);
      if (edge == nullptr || !edge->unwrap || met++ < envelope_keys_) continue;
      ondemand::value value = field.value();
      if (const error_code error = value.get_array().get(array_)) {
        if (error == simdjson::INCORRECT_TYPE) continue;
        return FailEnvelope(error);
      }
      envelope_keys_ = met;
      in_envelope_ = true;
      return OpenElements();
    }
    in_envelope_ = false;
    Advance(ConsumedText(value_).size());
    alone_ = true;  // whatever follows is another value in the same text
    return false;
  }

  bool FailEnvelope(error_code error) {
    in_envelope_ = false;
    return FailValue(value_, Reason(error));
  }

  bool OpenArray() {
    in_envelope_ = false;
    return OpenElements();
  }

  bool OpenElements() {
    walker_.WantLeaves(false);
    if (const error_code error = array_.begin().get(element_)) return FailElements(error, value_.data());
    if (const error_code error = array_.end().get(end_)) return FailElements(error, value_.data());
    mode_ = Mode::kElements;
    first_element_ = true;
    return false;
  }

  bool TakeElement() {
    if (!first_element_) ++element_;
    const bool first = std::exchange(first_element_, false);
    if (!(element_ != end_)) return EndElements();
    ondemand::value value;
    const char* const begin = Location();
    if (const error_code error = (*element_).get(value)) return FailElements(error, begin);
    ondemand::object object;
    ondemand::json_type type;
    if (const error_code error = value.type().get(type)) return FailElements(error, begin);
    if (type != ondemand::json_type::object) {
      // An array that begins with something else is no array of events: one bad record, not one an element.
      if (first && !in_envelope_) return FailValue(value_, kNoEvents);
      AddBad(begin, TrimJson(value.raw_json_token()), kNoObject);
      return false;
    }
    if (const error_code error = value.get_object().get(object)) return FailElements(error, begin);
    BeginEvent();
    Walker::Found found;
    error_code error = WalkGuess(object, &found);
    if (error) return FailElements(error, begin);
    if (found == Walker::Found::kUnwrap) {
      // An envelope inside an array: its own text, read by itself.
      const size_t size = BracketedSize({begin, static_cast<size_t>(value_.data() + value_.size() - begin)});
      return size == 0 ? FailElements(simdjson::INCOMPLETE_ARRAY_OR_OBJECT, begin) : ReadBehind(begin);
    }
    if (found == Walker::Found::kEnvelope) error = WalkEnvelope(object);
    if (error) return FailElements(error, begin);
    const std::string_view raw = ConsumedText({begin, static_cast<size_t>(value_.data() + value_.size() - begin)});
    if (raw.size() > kMaxEventBytes) {
      AddBad(begin, raw, kTooLong);
      return false;
    }
    error = Complete(object, raw);
    if (error) return FailElements(error, begin);
    return true;
  }

  bool EndElements() {
    if (in_envelope_) return NextEnvelopeArray();
    mode_ = Mode::kValue;
    const std::string_view all = ConsumedText(value_);
    Advance(all.size());
    alone_ = true;
    return false;
  }

  // An element that cannot be read: what follows it is delimited by brackets and read one by one.
  bool FailElements(error_code error, const char* at) {
    const char* const end = value_.data() + value_.size();
    if (at == nullptr || at < value_.data() || at > end) at = value_.data();
    const size_t size = *at == '{' || *at == '[' ? BracketedSize({at, static_cast<size_t>(end - at)}) : 0;
    if (size == 0) {
      // Not even its end is known; nothing behind it can be told apart.
      AddBad(at, {at, static_cast<size_t>(end - at)}, Reason(error));
      mode_ = Mode::kValue;
      Advance(value_.size());
      return false;
    }
    // At the element itself, which is then refused by itself or read after all.
    return ReadBehind(at);
  }

  // Goes on value by value from `at`, passing over commas and the closing brackets of what was around.
  bool ReadBehind(const char* at) {
    rest_ = value_;
    return ReadPieces(at);
  }
  bool ReadPieces(const char* at) {
    pieces_ = true;
    alone_ = true;
    mode_ = Mode::kValue;
    rest_.remove_prefix(static_cast<size_t>(at - rest_.data()));
    return false;
  }

  void Advance(size_t size) {
    rest_.remove_prefix(static_cast<size_t>(value_.data() - rest_.data()) + size);
    mode_ = Mode::kValue;
    if (pieces_) SkipSeparators();
  }

  void SkipSeparators() {
    while (!rest_.empty() && (IsJsonBlank(rest_.front()) || rest_.front() == ',' || rest_.front() == ']' || rest_.front() == '}')) rest_.remove_prefix(1);
  }

  bool EndDocument() {
    mode_ = Mode::kNone;
    pieces_ = false;
    return false;
  }

  // One value is bad; in a text of several, those behind it are tried.
  bool FailValue(std::string_view text, const char* reason) {
    const size_t size = text.size() == rest_.size() || text.data() != rest_.data() ? BracketedSize(rest_) : text.size();
    const bool more = size > 0 && size < rest_.size() && LooksLikeValue(rest_.substr(size));
    if (!more && !pieces_) {
      if (const char* elements = FirstElement(rest_)) return ReadPieces(elements);
    }
    if (!more) return FailRest(size > 0 && size < rest_.size() && !pieces_ ? kTrailing : reason);
    if (!alone_) {
      // The whole text could not be parsed at once: perhaps this value can, by itself.
      alone_ = true;
      mode_ = Mode::kValue;
      return false;
    }
    AddBad(rest_.data(), rest_.substr(0, size), reason);
    rest_.remove_prefix(size);
    if (pieces_) SkipSeparators();
    mode_ = Mode::kValue;
    return false;
  }

  // Where the events of an array or an envelope begin, in a text that cannot be parsed as a whole; null when it is neither.
  const char* FirstElement(std::string_view text) const {
    size_t at = std::string_view::npos;
    if (text.front() == '[') at = 0;
    for (const content::SourceDef& source : compiled_.content().sources) {
      for (const std::string& key : source.unwrap) {
        if (at != std::string_view::npos) break;
        const size_t found = text.find('"' + key + '"');
        if (found == std::string_view::npos) continue;
        const size_t colon = text.find_first_not_of(" \t\r\n", found + key.size() + 2);
        const size_t open = colon == std::string_view::npos || text[colon] != ':' ? colon : text.find_first_not_of(" \t\r\n", colon + 1);
        if (open != std::string_view::npos && text[open] == '[') at = open;
      }
    }
    if (at == std::string_view::npos) return nullptr;
    const size_t first = text.find_first_not_of(" \t\r\n", at + 1);
    return first == std::string_view::npos || text[first] != '{' ? nullptr : text.data() + first;
  }

  bool LooksLikeValue(std::string_view text) const {
    while (!text.empty() && (IsJsonBlank(text.front()) || (pieces_ && (text.front() == ',' || text.front() == ']' || text.front() == '}')))) text.remove_prefix(1);
    return !text.empty() && (text.front() == '{' || text.front() == '[');
  }

  bool FailRest(const char* reason) {
    AddBad(rest_.data(), rest_, reason);
    rest_ = {};
    return EndDocument();
  }

  void AddBad(const char* at, std::string_view text, const char* reason) {
    BadRecord bad;
    bad.input = batch_->input;
    const char* const document_begin = batch_->text(*document_).data();
    bad.offset = document_->line > 0 || at == document_begin ? document_->offset + static_cast<uint64_t>(at - document_begin) : document_->offset;
    bad.line = LineOf(at);
    bad.reason = reason;
    bad.bytes = std::string(text.substr(0, kBadBytesKept));
    bad.size = text.size();
    bad_.push_back(std::move(bad));
    counters_.bad++;
    number_++;
  }

  // Lines are counted only where somebody is told of one.
  uint32_t LineOf(const char* at) const {
    if (document_->line == 0) return 0;
    uint32_t line = document_->line;
    for (const char* p = batch_->text(*document_).data(); (p = static_cast<const char*>(memchr(p, '\n', static_cast<size_t>(at - p)))) != nullptr; p++) line++;
    return line;
  }

  const char* Location() {
    const char* at = nullptr;
    return json_.current_location().get(at) ? value_.data() + value_.size() : at;
  }

  // After a walk to the end of an object or array that `text` begins with: its bytes. The next token is behind them.
  std::string_view ConsumedText(std::string_view text) {
    const char* end = Location();
    while (end > text.data() && end[-1] != '}' && end[-1] != ']') end--;
    return text.substr(0, static_cast<size_t>(end - text.data()));
  }

  void BeginEvent() {
    walker_.Begin();
    finisher_.Begin();
    envelope_headers_.clear();
    in_body_ = nullptr;
    event_ = EventView();
    event_.input = batch_->input;
    const Input& input = inputs_[batch_->input.value()];
    event_.folder = input.folder;
    event_.headers = {batch_->headers.data() + document_->first_header, document_->headers};
    event_.transport = document_->transport;
  }

  error_code WalkGuess(ondemand::object& object, Walker::Found* found) {
    return walker_.WalkRoot(compiled_.source(guess_).trie, object, compiled_.options.recognise, found);
  }

  error_code Rewalk(ondemand::object& object) {
    bool empty = false;
    if (const error_code error = object.reset().get(empty)) return error;
    walker_.Restart();
    Walker::Found found;
    return walker_.WalkRoot(compiled_.source(guess_).trie, object, /*wrappings=*/false, &found);
  }

  // Is it just not there? After any other error the iterator is dead, and touching it again would be the end of the process.
  static bool IsAbsent(error_code error) { return error == simdjson::NO_SUCH_FIELD || error == simdjson::INCORRECT_TYPE; }

  // {"headers": {...}, "payload": {...}}: the body's fields are the event's, the headers are transport fields.
  error_code WalkEnvelope(ondemand::object& object) {
    const WebhookEnvelope& envelope = compiled_.envelopes[static_cast<size_t>(walker_.wrapping_edge()->envelope)];
    bool empty = false;
    if (const error_code error = object.reset().get(empty)) return error;
    ondemand::object headers, body;
    if (const error_code error = object.find_field_unordered(envelope.body).get_object().get(body)) {
      return IsAbsent(error) ? Rewalk(object) : error;  // no envelope after all
    }
    if (const error_code error = object.reset().get(empty)) return error;
    if (const error_code error = object.find_field_unordered(envelope.headers).get_object().get(headers)) {
      return IsAbsent(error) ? Rewalk(object) : error;
    }
    envelope_headers_.clear();
    for (auto result : headers) {
      ondemand::field field;
      if (const error_code error = std::move(result).get(field)) return error;
      std::string_view name, value;
      if (const error_code error = walker_.Unescape(RawKey(field), &name)) return error;
      const std::string_view token = TrimJson(field.value().raw_json_token());
      if (token.size() < 2 || token.front() != '"') continue;  // a header with another kind of value names nothing
      if (const error_code error = walker_.Unescape(token.substr(1, token.size() - 2), &value)) return error;
      envelope_headers_.push_back({name, value});
    }
    if (!envelope.received_at.empty()) {
      if (const error_code error = object.reset().get(empty)) return error;
      ondemand::value received;
      if (const error_code error = object.find_field_unordered(envelope.received_at).get(received)) {
        if (!IsAbsent(error)) return error;
      } else {
        std::string_view text = TrimJson(received.raw_json_token());
        if (text.size() >= 2 && text.front() == '"') text = text.substr(1, text.size() - 2);
        const ParsedTime parsed = ParseTime(text);
        if (parsed.time.known()) event_.transport = parsed.time;
      }
    }
    in_body_ = &envelope;
    if (const error_code error = WalkBody(object)) return error;
    return WalkToEnd(object);
  }

  static error_code WalkToEnd(ondemand::object& object) {
    bool empty = false;
    if (const error_code error = object.reset().get(empty)) return error;
    for (auto result : object) {
      ondemand::field field;
      if (const error_code error = std::move(result).get(field)) return error;
    }
    return simdjson::SUCCESS;
  }

  error_code WalkBody(ondemand::object& object) {
    bool empty = false;
    if (const error_code error = object.reset().get(empty)) return error;
    ondemand::object body;
    if (const error_code error = object.find_field_unordered(in_body_->body).get_object().get(body)) return error;
    if (const error_code error = body.raw_json().get(event_.body)) return error;
    if (const error_code error = body.reset().get(empty)) return error;
    walker_.Restart();
    Walker::Found found;
    return walker_.WalkRoot(compiled_.source(guess_).trie, body, /*wrappings=*/false, &found);
  }

  // From filled slots to an event: the guess is proven or the walk repeated with the right trie.
  error_code Complete(ondemand::object& object, std::string_view raw) {
    event_.raw = raw;
    if (in_body_ == nullptr) event_.body = raw;
    finisher_.FillTransport(envelope_headers_, event_);
    bool ambiguous = false;
    const SourceId source = finisher_.Recognise(event_, inputs_[batch_->input.value()].source, &ambiguous);
    if (source != guess_) {
      guess_ = source;
      counters_.second_walks++;
      if (const error_code error = in_body_ != nullptr ? WalkBody(object) : Rewalk(object)) return error;
      finisher_.FillTransport(envelope_headers_, event_);
    }
    const bool in_envelope = std::exchange(in_body_, nullptr) != nullptr;
    event_.source = source;
    event_.flags.ambiguous_source = ambiguous;
    event_.flags.duplicate_key = walker_.duplicate_key();
    event_.number = number_++;
    const char* const document_begin = batch_->text(*document_).data();
    // A message keeps its offset; inside a file every event has its own.
    event_.offset = document_->line > 0 ? document_->offset + static_cast<uint64_t>(raw.data() - document_begin) : document_->offset;
    event_.index = index_++;
    event_.line = document_->line;
    finisher_.Finish(event_);
    leaves_guess_ = finisher_.NeedsLeaves(event_);
    if (leaves_guess_ && walker_.has_leaves() && !in_envelope) event_.leaves = walker_.leaves();
    else if (leaves_guess_) CollectLeaves(raw);
    Count();
    return simdjson::SUCCESS;
  }

  void Count() {
    counters_.events++;
    if (event_.source.valid()) counters_.by_source[event_.source.value()]++;
    else counters_.unknown_source++;
    counters_.no_time += event_.flags.no_time;
    counters_.time_inferred += event_.flags.time_inferred;
    counters_.future_time += event_.flags.future;
    counters_.duplicate_key += event_.flags.duplicate_key;
    counters_.ambiguous_source += event_.flags.ambiguous_source;
    counters_.depth_limit += walker_.depth_limit();
    counters_.value_limit += walker_.value_limit();
  }

  // Every leaf, for keyword rules; a parse of its own, paid by their logsources alone.
  void CollectLeaves(std::string_view raw) {
    leaves_.clear();
    ondemand::document json;
    if (!leaf_parser_.iterate(raw.data(), raw.size(), raw.size() + kPadding).get(json)) {
      ondemand::object object;
      if (!json.get_object().get(object)) LeavesOf(object, 0);
    }
    event_.leaves = leaves_;
  }

  error_code LeavesOf(ondemand::object& object, int depth) {
    for (auto result : object) {
      ondemand::field field;
      if (const error_code error = std::move(result).get(field)) return error;
      ondemand::value value = field.value();
      if (const error_code error = LeavesOf(value, depth + 1)) return error;
    }
    return simdjson::SUCCESS;
  }

  error_code LeavesOf(ondemand::value& value, int depth) {
    if (depth > kMaxDepth || leaves_.size() >= kMaxValues) return simdjson::SUCCESS;
    ondemand::json_type type;
    if (const error_code error = value.type().get(type)) return error;
    if (type == ondemand::json_type::object) {
      ondemand::object object;
      if (const error_code error = value.get_object().get(object)) return error;
      return LeavesOf(object, depth);
    }
    if (type == ondemand::json_type::array) {
      ondemand::array array;
      if (const error_code error = value.get_array().get(array)) return error;
      for (auto result : array) {
        ondemand::value element;
        if (const error_code error = std::move(result).get(element)) return error;
        if (const error_code error = LeavesOf(element, depth + 1)) return error;
      }
      return simdjson::SUCCESS;
    }
    if (type == ondemand::json_type::string) {
      std::string_view text;
      if (const error_code error = value.get_string().get(text)) return error;
      leaves_.push_back({text, ValueKind::kString, kNoValue});
    } else if (type != ondemand::json_type::null) {
      leaves_.push_back({TrimJson(value.raw_json_token()), type == ondemand::json_type::number ? ValueKind::kNumber : ValueKind::kBool, kNoValue});
    }
    return simdjson::SUCCESS;
  }

  const std::shared_ptr<const Plan> plan_;
  const CompiledPlan& compiled_;
  const InputTable& inputs_;
  ondemand::parser parser_, leaf_parser_;
  Walker walker_;
  Finisher finisher_;
  SourceId guess_;                       // source of the event before
  bool leaves_guess_ = false;            // did it need its leaves?
  bool without_leaves_ = false;          // the next event is read once more, without

  const Batch* batch_ = nullptr;
  size_t next_document_ = 0;
  const Document* document_ = nullptr;
  Mode mode_ = Mode::kNone;
  std::string_view rest_;                // of the document: what has not been taken up
  std::string_view value_;               // the value that json_ stands for, to the end of what was parsed
  bool alone_ = false;                   // values of this document are delimited before they are parsed
  bool pieces_ = false;                  // they are elements of something broken: separators lie between them
  ondemand::document json_;
  ondemand::object object_;
  ondemand::array array_;
  ondemand::array_iterator element_, end_;
  bool first_element_ = false, in_envelope_ = false;
  size_t envelope_keys_ = 0;
  const WebhookEnvelope* in_body_ = nullptr;
  uint32_t index_ = 0;

  EventView event_;
  std::vector<Header> envelope_headers_;
  std::vector<Value> leaves_;
  std::vector<BadRecord> bad_;
  ReaderCounters counters_;
  uint64_t number_ = 0;
};

Reader::Reader(std::shared_ptr<const Plan> plan, const InputTable& inputs) : impl_(std::make_unique<Impl>(std::move(plan), inputs)) {}
Reader::~Reader() = default;
void Reader::Start(const Batch& batch) { impl_->Start(batch); }
bool Reader::Next() { return impl_->Next(); }
const EventView& Reader::event() const { return impl_->event(); }
std::vector<BadRecord> Reader::TakeBad() { return impl_->TakeBad(); }
const ReaderCounters& Reader::counters() const { return impl_->counters(); }
void Reader::set_next_number(uint64_t number) { impl_->set_next_number(number); }
uint64_t Reader::next_number() const { return impl_->next_number(); }

}  // namespace tocsin::event
