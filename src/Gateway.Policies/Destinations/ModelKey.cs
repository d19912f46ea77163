using System.IO.Hashing;
using System.Text;

namespace BlazeGateway.Policies.Destinations;

/// <summary>What a model is known by where names are too long: a hash of the name that destinations are asked for.</summary>
internal static class ModelKey
{
    /// <param name="name">The name; names of models are ASCII.</param>
    public static ulong Of(ReadOnlySpan<byte> name) => XxHash3.HashToUInt64(name);

    /// <param name="name">The name; names of models are ASCII.</param>
    public static ulong Of(string name) => Of(Encoding.ASCII.GetBytes(name));
}
