namespace BlazeGateway.Policies.Inference.Json;

/// <summary>Kinds of JSON values.</summary>
internal enum JsonKind : byte
{
    Object,
    Array,
    String,
    Number,
    True,
    False,
    Null,
}

/// <summary>Why a document is not read further.</summary>
internal enum JsonFault : byte
{
    None,

    /// <summary>Not JSON.</summary>
    Malformed,

    /// <summary>More than <see cref="JsonMachine{TSink}.MaxDepth"/> containers open.</summary>
    TooDeep,

    /// <summary>The sink wants no more.</summary>
    Stopped,
}
