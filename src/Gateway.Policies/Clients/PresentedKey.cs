using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace BlazeGateway.Policies.Clients;

/// <summary>Headers that can carry a client's key.</summary>
[Flags]
internal enum KeyHeaders : byte
{
    None = 0,

    /// <summary><c>Authorization: Bearer</c>.</summary>
    Authorization = 1,

    /// <summary><c>x-api-key</c>.</summary>
    XApiKey = 2,

    /// <summary><c>api-key</c>.</summary>
    ApiKey = 4,

    All = Authorization | XApiKey | ApiKey,
}

/// <summary>What one header says about the client's key.</summary>
internal readonly ref struct PresentedKey
{
    private const string Scheme = "Bearer";

    private PresentedKey(ReadOnlySpan<char> value, bool isRepeated)
    {
        Value = value;
        IsRepeated = isRepeated;
    }

    /// <summary>The key; empty when the header is absent, empty, or of another scheme.</summary>
    public ReadOnlySpan<char> Value { get; }

    /// <summary>The header came more than once, so that two readers could take different keys.</summary>
    public bool IsRepeated { get; }

    /// <summary>Reads one of the headers, whatever the dialect.</summary>
    public static PresentedKey Read(IHeaderDictionary headers, KeyHeaders header) => header switch
    {
        KeyHeaders.Authorization => Of(headers.Authorization, isBearer: true),
        KeyHeaders.XApiKey => Of(headers["x-api-key"], isBearer: false),
        _ => Of(headers["api-key"], isBearer: false),
    };

    private static PresentedKey Of(StringValues values, bool isBearer)
    {
        if (values.Count > 1)
        {
            return new PresentedKey(default, isRepeated: true);
        }

        var value = values.Count == 0 ? default : values[0].AsSpan().Trim(' ');
        return new PresentedKey(isBearer ? AfterScheme(value) : value, isRepeated: false);
    }

    private static ReadOnlySpan<char> AfterScheme(ReadOnlySpan<char> value) =>
        value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && value.Length > Scheme.Length && value[Scheme.Length] == ' '
            ? value[Scheme.Length..].TrimStart(' ')
            : default;
}
