using System.Runtime.InteropServices;
using BlazeGateway.Policies.Inference.Json;

namespace BlazeGateway.Policies.Inference;

/// <summary>Looks at an answer that is one JSON document beside the copy, for token counts and an error. Keeps no bytes; a mutable struct: keep it in place.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct JsonUsageScanner
{
    private JsonMachine<AnswerReader> _json;

    public JsonUsageScanner(Dialect dialect) => _json.Sink = new AnswerReader(dialect);

    /// <summary>Token counts stated so far.</summary>
    public readonly TokenUsage Usage => _json.Sink.Tokens;

    /// <summary>Whether the document is or holds an error.</summary>
    public readonly bool HasError => _json.Sink.Error;

    /// <summary>Status code of the error, 0 without one, 500 when it does not say.</summary>
    public readonly int ErrorStatus => HasError ? _json.Sink.ErrorStatus : 0;

    /// <summary>Looks at the next bytes.</summary>
    public void Feed(ReadOnlySpan<byte> bytes) => _json.Feed(bytes);

    /// <summary>Says that the answer ended. False when it was not one whole JSON document.</summary>
    public bool Complete() => _json.Finish();
}
