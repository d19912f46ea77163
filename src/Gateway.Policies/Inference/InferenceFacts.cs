using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace BlazeGateway.Policies.Inference;

/// <summary>A run of bytes in a request body.</summary>
/// <param name="Offset">First byte.</param>
/// <param name="Length">Bytes, 0 when there is none.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct BodyRange(int Offset, int Length)
{
    /// <summary>First byte after it.</summary>
    public int End => Offset + Length;
}

/// <summary>What a request body says, as far as the gateway acts on it. A value of a few hundred bytes: keep it in place and pass it by reference.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct InferenceFacts
{
    /// <summary>Longest model name, bytes.</summary>
    public const int MaxModelLength = 256;

    private ModelBytes _model;
    private PromptRanges _prompt;
    private int _modelLength;

    /// <summary>The model name, decoded: 1 to 256 bytes of <c>[A-Za-z0-9._:/@-]</c>.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> Model => _model[.._modelLength];

    /// <summary>Where the name stands between its quotes: the bytes to replace for a rewrite. Longer than <see cref="Model"/> when written with escapes.</summary>
    public BodyRange ModelRange { readonly get; internal set; }

    /// <summary>Whether the answer is to be streamed. Ollama streams unless told not to.</summary>
    public bool Stream { readonly get; internal set; }

    /// <summary>Most tokens one choice may have, the largest of the limits given; −1 unknown or without limit.</summary>
    public int MaxOutputTokens { readonly get; internal set; }

    /// <summary>Choices to generate: the larger of <c>n</c> and <c>best_of</c>, 1 when absent.</summary>
    public int Choices { readonly get; internal set; }

    /// <summary>Whether the client asked for token counts on the stream.</summary>
    public bool IncludeUsage { readonly get; internal set; }

    /// <summary>Where <see cref="UsageInsertion"/> goes to ask for token counts; the bytes of the range are replaced.</summary>
    public BodyRange UsageRange { readonly get; internal set; }

    /// <summary>How token counts are asked for.</summary>
    public UsageSplice UsageSplice { readonly get; internal set; }

    /// <summary>Hash of <c>prompt_cache_key</c>, 0 when absent.</summary>
    public ulong PromptCacheKey { readonly get; internal set; }

    /// <summary>Hash of <c>cache_salt</c>, 0 when absent.</summary>
    public ulong CacheSalt { readonly get; internal set; }

    /// <summary>Hash of <c>user</c>, or of Anthropic's <c>metadata</c>; 0 when absent.</summary>
    public ulong User { readonly get; internal set; }

    /// <summary>Hash of <c>conversation</c> of the Responses API, an id or an object that holds one; 0 when absent.</summary>
    public ulong Conversation { readonly get; internal set; }

    /// <summary>Whether <c>tools</c> is an array or object.</summary>
    public bool HasTools { readonly get; internal set; }

    /// <summary>Whether <c>store</c> is true: the request leaves something behind, so it is not sent twice.</summary>
    public bool Store { readonly get; internal set; }

    /// <summary>Whether <c>background</c> is true: the request starts something that goes on, so it is not sent twice.</summary>
    public bool Background { readonly get; internal set; }

    /// <summary>Bytes of prompt: tools, system, instructions, messages, prompt and input as they stand in the body.</summary>
    public int PromptBytes { readonly get; internal set; }

    /// <summary>Bytes to write at <see cref="UsageRange"/>.</summary>
    public readonly ReadOnlySpan<byte> UsageInsertion => UsageSplice switch
    {
        UsageSplice.Member => "\"stream_options\":{\"include_usage\":true},"u8,
        UsageSplice.Object => "{\"include_usage\":true}"u8,
        UsageSplice.FirstOption => "\"include_usage\":true,"u8,
        UsageSplice.OnlyOption => "\"include_usage\":true"u8,
        UsageSplice.Value => "true"u8,
        _ => default,
    };

    /// <summary>The parts of the prompt in the order in which model servers put them before the model.</summary>
    [UnscopedRef]
    internal readonly ReadOnlySpan<BodyRange> Prompt => _prompt;

    internal void SetModel(ReadOnlySpan<byte> name)
    {
        name.CopyTo(_model);
        _modelLength = name.Length;
    }

    internal void SetPrompt(PeekField field, BodyRange range)
    {
        _prompt[field - PeekField.Tools] = range;
        PromptBytes += range.Length;
    }

    [InlineArray(MaxModelLength)]
    private struct ModelBytes
    {
        private byte _first;
    }

    [InlineArray(PeekField.Input - PeekField.Tools + 1)]
    private struct PromptRanges
    {
        private BodyRange _first;
    }
}

/// <summary>How <c>"include_usage":true</c> gets into a body.</summary>
internal enum UsageSplice : byte
{
    /// <summary>It is there.</summary>
    None,

    /// <summary>As a new member right after the opening brace.</summary>
    Member,

    /// <summary>As an object in place of null.</summary>
    Object,

    /// <summary>As first of several options.</summary>
    FirstOption,

    /// <summary>As the only option.</summary>
    OnlyOption,

    /// <summary>As another value.</summary>
    Value,
}
