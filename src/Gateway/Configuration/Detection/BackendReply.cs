using System.Text.Json;

namespace BlazeGateway.Configuration.Detection;

/// <summary>Answer of a backend on one path.</summary>
/// <param name="Status">Status code; 0 when there was no answer.</param>
/// <param name="Body">Body, cut at the limit.</param>
/// <param name="Failure">Why there was no answer; empty when there was one.</param>
internal sealed record BackendReply(int Status, ReadOnlyMemory<byte> Body, string Failure)
{
    /// <summary>How <see cref="Failure"/> begins when the time was up.</summary>
    public const string Late = "no answer within";

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 32 };

    /// <summary>Whether the time was up before it came.</summary>
    public bool IsLate => Failure.StartsWith(Late, StringComparison.Ordinal);

    /// <summary>Whether the status is a success.</summary>
    public bool IsOk => Status is >= 200 and <= 299;

    /// <summary>The body's JSON object; null when it is none.</summary>
    public JsonElement? Object()
    {
        try
        {
            using var document = JsonDocument.Parse(Body, Options);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Whether a successful answer is a JSON object with a member of one of these names.</summary>
    public bool Has(params ReadOnlySpan<string> members)
    {
        if (!IsOk || Object() is not { } json)
        {
            return false;
        }

        foreach (var member in members)
        {
            if (json.TryGetProperty(member, out _))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A positive number of the body's object; null when it has none of that name.</summary>
    public int? Number(string member) =>
        IsOk && Object() is { } json && json.TryGetProperty(member, out var value)
            && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number > 0
            ? number
            : null;
}
