using System.ComponentModel.DataAnnotations;

namespace BlazeGateway.Policies;

/// <summary>
/// Whether a stream whose destination broke off in the middle goes on from another one. It costs the memory of the request and of the text that was passed on
/// while the stream runs. For chat completions and completions of model servers that continue a message: <c>vllm</c>, <c>sglang</c>, <c>tgi</c>, <c>llamacpp</c>.
/// </summary>
public sealed record ContinuationOptions
{
    /// <summary>Whether streams go on. Default: false, a broken stream ends with an error event and nothing is kept.</summary>
    public bool Enabled { get; init; }

    /// <summary>Most bytes of text kept of one stream, as they stand in its events; beyond them it does not go on any more. Default: 262144 (256 KiB).</summary>
    [Range(1024, 16 * 1024 * 1024)]
    public int MaxTextBytes { get; init; } = 256 * 1024;
}
