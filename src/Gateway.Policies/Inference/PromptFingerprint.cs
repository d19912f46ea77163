using System.Buffers;
using System.IO.Hashing;
using BlazeGateway.Policies.Destinations.Prefix;

namespace BlazeGateway.Policies.Inference;

/// <summary>
/// Names the beginning of a prompt so that requests that share one can meet its cached prefix: a chain of hashes over blocks of prompt bytes, where
/// each hash covers everything before it (the scheme of the Gateway API Inference Extension's prefix plugin). The chain starts from model and cache
/// salt, so equal prompts of different models or salts never match. A last block that is not full is left out.
/// </summary>
internal static class PromptFingerprint
{
    /// <summary>Bytes of prompt in a block: 16 tokens of about 4 characters.</summary>
    public const int BlockBytes = PrefixMemory.BlockBytes;

    /// <summary>Most blocks worth naming: the first 16 KiB of a prompt.</summary>
    public const int MaxBlocks = 256;

    /// <summary>Writes the chain and returns its length.</summary>
    /// <param name="body">The body <paramref name="facts"/> was read from.</param>
    /// <param name="facts">What the body says.</param>
    /// <param name="blocks">Room for up to <see cref="MaxBlocks"/> hashes; less room, fewer hashes.</param>
    public static int Compute(in ReadOnlySequence<byte> body, in InferenceFacts facts, Span<ulong> blocks)
    {
        var most = Math.Min(blocks.Length, MaxBlocks);
        var chain = XxHash3.HashToUInt64(facts.Model, (long)facts.CacheSalt);
        var count = 0;
        var pendingLength = 0;
        Span<byte> pending = stackalloc byte[BlockBytes];
        foreach (var part in facts.Prompt)
        {
            if (part.Length == 0)
            {
                continue;
            }

            foreach (var memory in body.Slice(part.Offset, Math.Min(part.Length, (most - count) * BlockBytes)))
            {
                var span = memory.Span;
                if (pendingLength > 0)
                {
                    var take = Math.Min(BlockBytes - pendingLength, span.Length);
                    span[..take].CopyTo(pending[pendingLength..]);
                    span = span[take..];
                    pendingLength += take;
                    if (pendingLength == BlockBytes && count < most)
                    {
                        chain = blocks[count++] = XxHash3.HashToUInt64(pending, (long)chain);
                        pendingLength = 0;
                    }
                }

                for (; span.Length >= BlockBytes && count < most; span = span[BlockBytes..])
                {
                    chain = blocks[count++] = XxHash3.HashToUInt64(span[..BlockBytes], (long)chain);
                }

                if (count == most)
                {
                    return count;
                }

                if (pendingLength == 0)
                {
                    span.CopyTo(pending);
                    pendingLength = span.Length;
                }
            }
        }

        return count;
    }

    /// <summary>Hash of a run of bytes, however it is segmented; 0 for an empty run.</summary>
    internal static ulong Hash(in ReadOnlySequence<byte> body, BodyRange range)
    {
        var hash = 0UL;
        Span<byte> block = stackalloc byte[BlockBytes];
        for (var offset = range.Offset; offset < range.End; offset += BlockBytes)
        {
            var piece = body.Slice(offset, Math.Min(BlockBytes, range.End - offset));
            piece.CopyTo(block);
            hash = XxHash3.HashToUInt64(block[..(int)piece.Length], (long)hash);
        }

        return hash;
    }
}
