using System.Buffers;
using BlazeGateway.Policies.Inference.Json;

namespace BlazeGateway.Policies.Inference;

/// <summary>
/// Reads what the gateway needs from a request body in one pass, without allocating and without changing a byte of it. A model server parses the body
/// again, so whatever two parsers could read differently is refused here; everything else in the body is left alone.
/// </summary>
internal static class BodyPeek
{
    /// <summary>Reads <paramref name="body"/>. When the result is not ok, <paramref name="facts"/> must not be used.</summary>
    /// <param name="body">The whole body, at most 2 GiB.</param>
    /// <param name="operation">Operation read from the path; decides which members count.</param>
    /// <param name="facts">What the body says.</param>
    public static PeekResult Read(in ReadOnlySequence<byte> body, Operation operation, out InferenceFacts facts)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(body.Length, int.MaxValue, nameof(body));
        var machine = new JsonMachine<PeekSink> { Sink = PeekSink.Create(operation) };
        var utf8 = default(Utf8Check);
        foreach (var memory in body)
        {
            if (!machine.Feed(memory.Span))
            {
                break;
            }

            if (!utf8.Feed(memory.Span))
            {
                facts = default;
                return new PeekResult(GatewayError.MalformedJson);
            }
        }

        var whole = machine.Finish() && utf8.IsComplete;
        facts = machine.Sink.Facts;
        if (!whole)
        {
            return machine.Fault switch
            {
                JsonFault.Stopped => machine.Sink.Problem,
                JsonFault.TooDeep => new PeekResult(GatewayError.JsonTooDeep),
                _ => new PeekResult(GatewayError.MalformedJson),
            };
        }

        if (facts.Model.IsEmpty)
        {
            return new PeekResult(GatewayError.ModelMissing, PeekField.Model, PeekReason.Missing);
        }

        facts.PromptCacheKey = PromptFingerprint.Hash(body, machine.Sink.PromptCacheKey);
        facts.CacheSalt = PromptFingerprint.Hash(body, machine.Sink.CacheSalt);
        facts.User = PromptFingerprint.Hash(body, machine.Sink.User);
        facts.Conversation = PromptFingerprint.Hash(body, machine.Sink.Conversation);
        return default;
    }
}
