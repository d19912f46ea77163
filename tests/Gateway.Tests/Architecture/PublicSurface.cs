using System.Globalization;
using System.Reflection;
using System.Text;

namespace BlazeGateway.Tests.Architecture;

/// <summary>What an assembly shows to others, a line for each type and member, in an order that does not depend on the source.</summary>
internal static class PublicSurface
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly NullabilityInfoContext Nullability = new();

    /// <summary>The lines.</summary>
    public static IEnumerable<string> Of(Assembly assembly) => assembly.GetExportedTypes().OrderBy(type => type.FullName, StringComparer.Ordinal).SelectMany(Lines);

    /// <summary>Ids of everything shown, as files of XML documentation spell them; what a record or a compiler adds is left out.</summary>
    public static IEnumerable<string> DocumentedIds(Assembly assembly) => assembly.GetExportedTypes().SelectMany(type =>
        Members(type).Where(member => !IsGenerated(member) && member is not (ConstructorInfo or FieldInfo { IsSpecialName: true }))
            .Select(member => $"{Letter(member)}:{Id(type)}.{member.Name}").Prepend("T:" + Id(type)));

    private static IEnumerable<string> Lines(Type type)
    {
        yield return $"{Kind(type)} {Name(type)}{Parents(type)}";
        foreach (var line in Members(type).Where(member => !IsGenerated(member)).Select(Text).Order(StringComparer.Ordinal))
        {
            yield return "    " + line;
        }
    }

    private static IEnumerable<MemberInfo> Members(Type type) => typeof(Delegate).IsAssignableFrom(type)
        ? []
        : type.GetMembers(Declared).Where(member => member switch
        {
            MethodBase method => IsShown(method) && !(member is MethodInfo && method.IsSpecialName && !method.Name.StartsWith("op_", StringComparison.Ordinal)),
            FieldInfo field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly,
            PropertyInfo property => property.GetAccessors(nonPublic: true).Any(IsShown),
            EventInfo happening => happening.AddMethod is { } add && IsShown(add),
            _ => false,
        });

    private static bool IsShown(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static bool IsGenerated(MemberInfo member) =>
        member.IsDefined(typeof(System.Runtime.CompilerServices.CompilerGeneratedAttribute), inherit: false) || member.Name is "EqualityContract" or "PrintMembers" or "<Clone>$"
        || member is MethodInfo { Name: "Equals" or "GetHashCode" or "ToString" or "op_Equality" or "op_Inequality" or "Finalize" };

    private static string Text(MemberInfo member) => member switch
    {
        FieldInfo { IsLiteral: true, DeclaringType.IsEnum: false } field => $"const {Name(field.FieldType)} {field.Name} = {Value(field.GetRawConstantValue())}",
        FieldInfo { DeclaringType.IsEnum: true, IsLiteral: true } field => $"{field.Name} = {Value(field.GetRawConstantValue())}",
        FieldInfo field => $"{(field.IsStatic ? "static " : "")}{Name(field.FieldType)} {field.Name}",
        PropertyInfo property => Text(property),
        ConstructorInfo constructor => $"new({Parameters(constructor)})",
        MethodInfo method => $"{(method.IsStatic ? "static " : "")}{Name(method.ReturnType)}{Mark(Nullability.Create(method.ReturnParameter))} {method.Name}{Generic(method)}({Parameters(method)})",
        EventInfo happening => $"event {Name(happening.EventHandlerType!)} {happening.Name}",
        _ => member.Name,
    };

    private static string Text(PropertyInfo property)
    {
        var set = property.SetMethod is not { } setter || !IsShown(setter) ? ""
            : setter.ReturnParameter.GetRequiredCustomModifiers().Length > 0 ? " init;" : " set;";
        var isStatic = property.GetAccessors(nonPublic: true)[0].IsStatic ? "static " : "";
        return $"{isStatic}{Name(property.PropertyType)}{Mark(Nullability.Create(property))} {property.Name} {{ get;{set} }}";
    }

    private static string Parameters(MethodBase method)
    {
        var extends = method.IsDefined(typeof(System.Runtime.CompilerServices.ExtensionAttribute), inherit: false) ? "this " : "";
        return extends + string.Join(", ", method.GetParameters().Select(parameter =>
            $"{Name(parameter.ParameterType)}{Mark(Nullability.Create(parameter))} {parameter.Name}{(parameter.HasDefaultValue ? " = " + Value(parameter.DefaultValue) : "")}"));
    }

    private static string Kind(Type type) =>
        type.IsEnum ? "enum"
        : type.IsInterface ? "interface"
        : type.IsValueType ? "struct"
        : type is { IsAbstract: true, IsSealed: true } ? "static class"
        : type.IsSealed ? "sealed class"
        : type.IsAbstract ? "abstract class" : "class";

    private static string Parents(Type type)
    {
        var parents = type.GetInterfaces().Where(parent => parent is { IsPublic: true } && parent.Name != "IEquatable`1").Select(Name).Order(StringComparer.Ordinal).ToList();
        if (type is { IsClass: true, BaseType: { } parent } && parent != typeof(object))
        {
            parents.Insert(0, Name(parent));
        }

        return parents.Count == 0 || type.IsEnum ? "" : " : " + string.Join(", ", parents);
    }

    private static string Name(Type type)
    {
        if (type.IsByRef || type.IsArray)
        {
            return Name(type.GetElementType()!) + (type.IsArray ? "[]" : "&");
        }

        if (type.IsGenericParameter)
        {
            return type.Name;
        }

        var name = new StringBuilder(type.Namespace?.StartsWith("BlazeGateway", StringComparison.Ordinal) == true ? type.FullName ?? type.Name : type.Name).Replace('+', '.').ToString().Split('`')[0];
        return type.IsGenericType ? $"{name}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>" : name;
    }

    private static string Mark(NullabilityInfo nullability) =>
        nullability is { ReadState: NullabilityState.Nullable, Type.IsValueType: false } ? "?" : "";

    private static string Generic(MethodInfo method) => method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(Name))}>" : "";

    private static string Value(object? value) => value switch
    {
        null => "null",
        string text => $"\"{text}\"",
        bool flag => flag ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static char Letter(MemberInfo member) => member switch { MethodBase => 'M', PropertyInfo => 'P', FieldInfo => 'F', _ => 'E' };

    private static string Id(Type type) => type.FullName!.Replace('+', '.');
}
